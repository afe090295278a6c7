-- SPDX-License-Identifier: Apache-2.0
--- GET /metrics: Prometheus text of all workers.

return {
  metrics = function(call, view)
    call:respond(200, "text/plain; version=0.0.4; charset=utf-8", view.metrics())
  end,
}
