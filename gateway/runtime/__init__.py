"""The gateway in front of Azure OpenAI; these modules travel into its container, one environment variable each.

    server -> door -> straight    -> retries -> attempt -> Azure OpenAI
                   -> translation ------------> attempt -> LiteLLM -> server (as its Azure), and on as above

`exchange` is the vocabulary the steps share, `request_log` takes one line of notes per request.
They may use the standard library and aiohttp alone: nothing else is certain to be in LiteLLM's image.
"""
