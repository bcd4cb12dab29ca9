"""The generator: facts about the API in, `oxide/types/**` and `oxide/resources/**` out.

`python -m oxide._codegen sync` reads the installed official SDK into `facts.json`, and the OpenAPI
description, when given, into `openapi.json`, then renders; `pin.json` says which versions these were.
`render` renders from what is committed. `sync --check` fails when something drifted, `sync --diff` lists
what changed, `coverage` says how much of the API is reached.
"""
