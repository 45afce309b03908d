"""The gateway in front of Azure OpenAI; these modules travel into its container, one environment variable each.

    server -> door -> limits -> [queue ->] failover -> regions, visit -> attempt -> Azure OpenAI
                             -> translation -> translator -> attempt -> LiteLLM -> server (as its Azure), on as above

- `door`: `routes`, `keys`, `bodies` in their `room`, the `catalogue` of models, known `fields` and their `shapes`
- `limits`, `queue`: `windows` count a minute, `lane` hands out turns, `quota` knows what each region has had
- `failover`: each region has a `breaker`, conversations an `affinity`; `stream` and its `events`, `repairs`
- `exchange` is the vocabulary the steps share; `request_log` takes one line of notes per request; `serve` ends well

They may use the standard library and aiohttp alone: nothing else is certain to be in LiteLLM's image.
"""
