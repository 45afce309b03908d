"""The stacks of this repository as a plain CDKTF app: `python -m benchmarks.plain_app.main`.

The same resources, written straight down, with the bindings imported the ordinary way: what the synthesis of
`main.py` is measured against. It is deployed nowhere.
"""

from cdktf import App

from benchmarks.plain_app.stack import GatewayStack

app = App()
GatewayStack(app, "dev", min_replicas=0, max_replicas=1, retention=30)
GatewayStack(app, "staging", min_replicas=1, max_replicas=3, retention=30)
GatewayStack(app, "prod", min_replicas=1, max_replicas=5, retention=90)
app.synth()
