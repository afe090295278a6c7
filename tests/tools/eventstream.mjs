// SPDX-License-Identifier: Apache-2.0
// Frames of AWS's binary event stream: prelude, headers, payload, two checksums.

const TABLE = Array.from({ length: 256 }, (_, byte) => {
  let value = byte;
  for (let bit = 0; bit < 8; bit++) value = value & 1 ? (value >>> 1) ^ 0xedb88320 : value >>> 1;
  return value >>> 0;
});

function crc32(bytes) {
  let value = 0xffffffff;
  for (const byte of bytes) value = TABLE[(value ^ byte) & 0xff] ^ (value >>> 8);
  return (value ^ 0xffffffff) >>> 0;
}

function header(name, value) {
  const bytes = Buffer.from(value);
  const length = Buffer.alloc(2);
  length.writeUInt16BE(bytes.length);
  return Buffer.concat([Buffer.from([name.length]), Buffer.from(name), Buffer.from([7]), length, bytes]);
}

function number(value) {
  const bytes = Buffer.alloc(4);
  bytes.writeUInt32BE(value);
  return bytes;
}

/** One frame: an event by its name, or with `type` "exception" an error. */
export function frame(name, value, type = 'event') {
  const payload = Buffer.from(JSON.stringify(value));
  const headers = Buffer.concat([header(`:${type}-type`, name), header(':content-type', 'application/json'),
    header(':message-type', type)]);
  const prelude = Buffer.concat([number(16 + headers.length + payload.length), number(headers.length)]);
  const body = Buffer.concat([prelude, number(crc32(prelude)), headers, payload]);
  return Buffer.concat([body, number(crc32(body))]);
}
