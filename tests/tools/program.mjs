// SPDX-License-Identifier: Apache-2.0
// The shipped binary beside a copy of its scripts in which some are replaced: { 'admin/models.lua': text }. To be
// called before gateway.mjs is imported, which reads MOONGATE.
import fs from 'node:fs';
import os from 'node:os';
import path from 'node:path';
import { fileURLToPath } from 'node:url';

const ROOT = fileURLToPath(new URL('../..', import.meta.url));

export function programWith(scripts) {
  const binary = path.resolve(ROOT, process.env.MOONGATE ?? 'build/moongate');
  const dir = fs.mkdtempSync(path.join(os.tmpdir(), 'moongate-program-'));
  process.on('exit', () => fs.rmSync(dir, { recursive: true, force: true }));
  fs.cpSync(path.join(path.dirname(binary), '..', 'lua'), `${dir}/lua`, { recursive: true });
  fs.mkdirSync(`${dir}/build`);
  fs.copyFileSync(binary, `${dir}/build/moongate`);
  for (const [name, text] of Object.entries(scripts)) fs.writeFileSync(`${dir}/lua/${name}`, text);
  process.env.MOONGATE = `${dir}/build/moongate`;
}
