-- SPDX-License-Identifier: Apache-2.0
--- Whether what has the form of a number is one. A check gets the matched text and returns how many of its bytes
--- count, or nil and how many bytes to go on behind (1 when absent).

local checks = {}

--- An address whose name is more than its dots.
function checks.email(text)
  local name, domain = text:match "^(.-)@(.*)$"
  if not name:find "[%w\128-\255]" or domain:find("..", 1, true) or domain:find "^[.-]" then return nil end
  return #text
end

function checks.phone(text)
  local _, count = text:gsub("%d", "")
  if count < 8 or count > 15 then return nil end
  return #text
end

--- Numbers that were never given out are none.
function checks.ssn(text)
  local area, first, group, second, serial = text:match "(%d%d%d)([ -])(%d%d)([ -])(%d%d%d%d)$"
  if first ~= second or area == "000" or area == "666" or area >= "900" then return nil end
  if group == "00" or serial == "0000" then return nil end
  return #text
end

local function luhn(digits)
  local sum = 0
  for i = 1, #digits do
    local digit = digits:byte(#digits - i + 1) - 48
    if i % 2 == 0 then digit = digit < 5 and digit * 2 or digit * 2 - 9 end
    sum = sum + digit
  end
  return sum % 10 == 0
end

local function is_card(digits)
  return #digits >= 13 and #digits <= 19 and not digits:find "^(%d)%1*$" and luhn(digits)
end

--- The longest beginning that ends with a group and is a card's number: another number may follow.
function checks.card(text)
  local last = #text
  while last > 0 do
    if is_card((text:sub(1, last):gsub("%D", ""))) then return last end
    last = text:sub(1, last):match "^.*()[ -]%d+$"
    last = last and last - 1 or 0
  end
end

-- How many characters an IBAN has, by country.
local IBAN = {}
for lengths in ([[AD24 AE23 AL28 AT20 AZ28 BA20 BE16 BG22 BH22 BI27 BR29 BY28 CH21 CR22 CY28 CZ24 DE22 DJ27 DK18 DO28
  EE20 EG29 ES24 FI18 FK18 FO18 FR27 GB22 GE22 GI23 GL18 GR27 GT28 HN28 HR21 HU28 IE22 IL23 IQ23 IS26 IT27 JO30 KW30
  KZ20 LB28 LC32 LI21 LT20 LU20 LV21 LY25 MC27 MD24 ME22 MK19 MN20 MR27 MT31 MU30 NI28 NL18 NO15 OM23 PK24 PL28 PS29
  PT25 QA29 RO24 RS22 RU33 SA24 SC31 SD18 SE24 SI19 SK24 SM27 SO23 ST25 SV28 TL23 TN24 TR26 UA29 VA22 VG24 XK20
  YE30]]):gmatch "%u%u%d%d" do
  IBAN[lengths:sub(1, 2)] = tonumber(lengths:sub(3))
end

--- ISO 7064: the rest by 97, letters being 10 to 35, the first four characters last.
local function rest_by_97(text)
  local rest = 0
  for char in (text:sub(5) .. text:sub(1, 4)):gmatch "." do
    local value = tonumber(char, 36)
    rest = (rest * (value > 9 and 100 or 10) + value) % 97
  end
  return rest
end

--- Bytes of the text until it has had so many characters of the number.
local function bytes_of(text, count)
  for i = 1, #text do
    if text:find("^[%u%d]", i) then count = count - 1 end
    if count == 0 then return i end
  end
end

function checks.iban(text)
  local plain = text:gsub("[ -]", "")
  local length = IBAN[plain:sub(1, 2)]
  if not length or #plain < length or rest_by_97(plain:sub(1, length)) ~= 1 then return nil end
  return bytes_of(text, length)
end

--- Four numbers of a byte; more of them are a version or a name of something.
function checks.ipv4(text)
  local count = 0
  for part in text:gmatch "%d+" do
    count = count + 1
    if #part > 3 or tonumber(part) > 255 then return nil, #text end
  end
  if count ~= 4 then return nil, #text end
  return #text
end

local function groups_of(text)
  local count, empty = 0, 0
  for group in (text .. ":"):gmatch "(.-):" do
    if group == "" then empty = empty + 1 else count = count + 1 end
  end
  return count, empty
end

--- Eight groups, or a gap; a digit, so that "face::bed" of a program is none. Times ("12:30:45") have no gap.
function checks.ipv6(text)
  local groups, v4 = text:match "^(.-):?(%d+%.%d+%.%d+%.%d+)$"
  if not groups then
    if text:find(".", 1, true) then return nil end
    groups = text
  end
  local count, empty = groups_of(groups)
  local wanted = v4 and 6 or 8
  if not groups:find "%d" or groups:find(":::", 1, true) or empty > 1 then return nil end
  if empty == 1 and count >= 2 and count < wanted or empty == 0 and count == wanted then return #text end
  return nil, #text
end

return checks
