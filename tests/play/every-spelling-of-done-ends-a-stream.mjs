// SPDX-License-Identifier: Apache-2.0
import assert from 'node:assert/strict';

import { chunk, framed, head } from '../tools/answers.mjs';
import { plays } from '../tools/play.mjs';

const SPELLINGS = {
  'as usual': 'data: [DONE]\n\n',
  'with CRLF': 'data: [DONE]\r\n\r\n',
  'with CR': 'data: [DONE]\r\r',
  'with a mixed blank line': 'data: [DONE]\r\n\n',
  'with blanks around it': 'data:  [DONE] \n\n',
  'with an id': 'id: 7\ndata: [DONE]\n\n',
  'without the blank line': 'data: [DONE]\n',
  'without a line end': 'data: [DONE]',
};

async function open(stage) {
  const upstream = await stage.upstream();
  return { upstream, gateway: await stage.gateway({ targets: { openai: upstream } }) };
}

plays('written', open, (act) => {
  for (const [how, mark] of Object.entries(SPELLINGS)) {
    act(`${how} it reaches the client once and as usual`, async ({ upstream, gateway }) => {
      const body = [chunk({ content: 'all' }), chunk({}, 'stop')].map(framed).join('') + mark;
      upstream.answer(async (io) => {
        await io.write(head(200, { 'Content-Type': 'text/event-stream', 'Content-Length': body.length }) + body);
        return true;
      });
      const reply = await gateway.stream();
      const texts = [];
      for await (const event of reply.events) texts.push(event.text);
      reply.connection.close();
      assert.deepEqual(texts.slice(2), ['data: [DONE]']);
    });
  }
});
