// SPDX-License-Identifier: Apache-2.0
// Every path that a bundled script serves below /admin/, with every method and every kind of key: a path without a row
// here fails.
import assert from 'node:assert/strict';
import fs from 'node:fs';
import { fileURLToPath } from 'node:url';

import { fetch } from '../tools/client.mjs';
import { MASTER_KEY } from '../tools/gateway.mjs';
import { assertError, play, plays } from '../tools/play.mjs';

const LUA = fileURLToPath(new URL('../../lua/admin/', import.meta.url));
const METHODS = ['GET', 'HEAD', 'POST', 'PUT', 'PATCH', 'DELETE', 'OPTIONS'];

/** What the right key gets: a status, or a status and the error's code. */
const ROWS = {
  'GET /admin/routing/explain': [400, 'invalid_request'],
  'GET /admin/routing/targets': [200],
  'GET /admin/scripts': [200],
  'POST /admin/scripts/reload': [200],
  'GET /admin/scripts/generations': [200],
  'POST /admin/scripts/rollback/{number}': [400, 'invalid_request'],
  'GET /admin/scripts/shadow': [200],
};

/** [{ path, methods }] as the scripts write them: { path = "...", GET = name, ... }. */
const served = fs.readdirSync(LUA).filter((name) => name !== 'contract.lua').flatMap((name) => {
  const text = fs.readFileSync(LUA + name, 'utf8').replace(/--.*$/gm, '');
  return [...text.matchAll(/path = "(\/admin\/[^"]+)"([^}]*(?:\{[^}]*\}[^}]*)*)\}/g)].map(([, path, members]) => (
    { path, methods: [...members.matchAll(/\b(GET|POST|PUT|PATCH|DELETE) = /g)].map(([, method]) => method) }));
});

const routes = new Map();
for (const { path, methods } of served) routes.set(path, [...(routes.get(path) ?? []), ...methods]);
const CODES = { none: 'missing_api_key', garbage: 'invalid_api_key' };
const KEYS = { none: {}, garbage: { Authorization: 'Bearer not-a-key' } };
const VALID = { Authorization: `Bearer ${MASTER_KEY}` };

const allowed = (methods) => METHODS.filter((method) => methods.includes(method === 'HEAD' ? 'GET' : method));

const ask = (gateway, method, path, headers) => fetch(gateway.port, method, path.replaceAll(/\{\w+\}/g, 'none'),
  { headers, ms: 20_000 });

/** An answer to HEAD has no body to look into. */
function assertRefused(method, answer, status, code) {
  if (method === 'HEAD') assert.equal(answer.status, status);
  else assertError(answer, status, { code });
}

plays('below /admin/', (stage) => stage.gateway(), (act) => {
  act('every path is known to this play, and none of it is gone', () => {
    const found = served.flatMap(({ path, methods }) => methods.map((method) => `${method} ${path}`));
    assert.deepEqual(found.toSorted(), Object.keys(ROWS).toSorted());
  });

  act('who has no key is refused before the body comes', async (gateway) => {
    for (const [kind, headers] of Object.entries(KEYS)) {
      const connection = await gateway.connect();
      const lines = Object.entries({ Host: 'x', 'Content-Length': 1000, ...headers }).map((pair) => pair.join(': '));
      await connection.send(`POST /admin/scripts/reload HTTP/1.1\r\n${lines.join('\r\n')}\r\n\r\n`);
      assertError(await connection.answer(), 401, { code: CODES[kind] });
      connection.close();
    }
  });

  for (const [path, methods] of [...routes, ['/admin/nothing', []], ['/admin/scripts/nothing/here', []]]) {
    const allow = allowed(methods);
    for (const kind of Object.keys(KEYS)) {
      act(`${path} is closed with ${kind} key`, async (gateway) => {
        for (const method of METHODS) {
          assertRefused(method, await ask(gateway, method, path, KEYS[kind]), 401, CODES[kind]);
        }
      });
    }
    act(`${path} serves the right key what it should`, async (gateway) => {
      for (const method of METHODS) {
        const answer = await ask(gateway, method, path, VALID);
        const [status, code] = ROWS[`${method === 'HEAD' ? 'GET' : method} ${path}`] ?? [];
        if (allow.length === 0) assertRefused(method, answer, 404, 'unknown_url');
        else if (!allow.includes(method)) {
          assertRefused(method, answer, 405, 'method_not_supported');
          assert.equal(answer.header('allow'), allow.join(', '));
        } else if (code) assertRefused(method, answer, status, code);
        else assert.equal(answer.status, status, answer.text);
        if (method === 'HEAD') assert.equal(answer.bytes.length, 0);
      }
    });
  }
});

play('a gateway without any key has no path below /admin/', async (stage) => {
  const gateway = await stage.gateway({ key: null });
  for (const path of routes.keys()) {
    for (const method of METHODS) {
      for (const headers of [{}, VALID]) {
        const answer = await ask(gateway, method, path, headers);
        assertRefused(method, answer, 401, 'missing_api_key');
        if (method !== 'HEAD') assert.match(answer.json.error.message, /MASTER_KEY/);
      }
    }
  }
});
