"""The generator: facts about the API in, `oxide/types/**` and `oxide/resources/**` out.

`python -m oxide._codegen sync` reads the installed official SDK, and the OpenAPI description when given, into
`facts.json`, then renders; `render` renders from the committed facts alone.
"""
