"""Runs a synthesized stack's containers on this machine: their own commands, environment and secrets.

cli -> session -> stack      what the JSON says: commands, environment, where secrets come from
                  variables  the values of Terraform's variables
                  image      the environment that stands for the container image
                  emulators  Azure OpenAI, where no real one is asked for
                  processes  the containers themselves
       checks, report        one real call of every endpoint, and what the person reads
"""
