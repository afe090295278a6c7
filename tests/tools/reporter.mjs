// SPDX-License-Identifier: Apache-2.0
// A reporter for Node's test runner: one JSON line per test without tests inside it, `{ name, ok, why }`, and per
// measurement, `{ says }`. One test file per process.

const SUMMARY = /^(tests|suites|pass|fail|cancelled|skipped|todo|duration_ms) [\d.]+$/;

/** A suite that fails only because of a test inside it, which has its own line. */
const isEcho = ({ details }) => details?.error?.failureType === 'subtestsFailed';
const isSuite = ({ details }) => details?.type === 'suite';

function reason({ details }) {
  const cause = details?.error?.cause ?? details?.error;
  return String(cause?.stack ?? cause?.message ?? cause ?? 'failed');
}

export default async function* reporter(source) {
  const titles = [];
  for await (const { type, data } of source) {
    const name = () => [...titles.slice(0, data.nesting), data.name].join(': ');
    if (type === 'test:start') titles[data.nesting] = data.name;
    if (type === 'test:diagnostic' && !SUMMARY.test(data.message)) {
      yield `${JSON.stringify({ says: data.message })}\n`;
    } else if (type === 'test:pass' && !isSuite(data)) {
      yield `${JSON.stringify({ name: name(), ok: true })}\n`;
    } else if (type === 'test:fail' && !isEcho(data)) {
      yield `${JSON.stringify({ name: name(), ok: false, why: reason(data) })}\n`;
    }
  }
}
