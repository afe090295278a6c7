// SPDX-License-Identifier: Apache-2.0
#include "process/call.h"

void call_estimate(const struct call *call, struct slice answer, long long *tokens_in, long long *tokens_out) {
  *tokens_in = call->indexed ? estimate_json(call_body(call)) : 0;
  *tokens_out = call->flow.events > 0 ? estimate_flow_tokens(&call->flow) : answer.len > 0 ? estimate_json(answer) : 0;
}

void call_estimate_cut(struct call *call) {
  struct call_notes *notes = &call->notes;
  bool counted = !notes->estimated && notes->tokens_in >= 0 && notes->tokens_out >= 0;
  if (!notes->textual || notes->cost >= 0 || (call->flow.events == 0 && !notes->asked)) return;
  long long asked, answered;
  if (!counted) call_estimate(call, (struct slice){0}, &asked, &answered);
  if (notes->tokens_in < 0) notes->tokens_in = asked;
  if (notes->tokens_out < 0) notes->tokens_out = answered;
  notes->estimated = !counted;
  if (notes->price_in < 0 || notes->price_out < 0) return;
  double pico = (double)notes->tokens_in * notes->price_in + (double)notes->tokens_out * notes->price_out;
  if (pico < 0x1p53) notes->cost = ((long long)pico + 500000) / 1000000;
}
