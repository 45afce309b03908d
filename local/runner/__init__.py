"""Runs a synthesized stack's containers on this machine: their own commands, environment and secrets.

session -> stack      what the JSON says: commands, environment, where secrets come from
           variables  the values of Terraform's variables
           image      the environment that replaces the container image
           emulators  Azure OpenAI, unless a real one is used
           identity   the endpoint of the managed identity
           telemetry  Application Insights
           services   how these programs are started
           processes  the containers themselves
           readiness  when they can take requests
           ports      free ones
"""
