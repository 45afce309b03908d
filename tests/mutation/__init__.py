"""Mutation testing: do the tests of a folder fail when its code is wrong?

    python -m tests.mutation --sample 120 --seed 10 --output before.json
    python -m tests.mutation --list before.json --renames renames.json --output after.json

The first command draws mutants of the code. The second one repeats them after a change of the structure: it replaces
the words of renames.json ({"old": "new"}) and finds each mutant by the text of its statement, in whatever file that is
now. To place a mutant that it does not find, edit `original` and `mutated` in a copy of the list.

The tests run in a clone of the last commit; your files do not change. tests.toml maps code to its tests. A mutant is
killed if a test fails twice and passes without the mutant, or if the tests do not end in time. The output is written
after each mutant; the same command resumes an interrupted run.
"""
