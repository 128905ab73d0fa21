"""How an environment and its findings are shown to a person: as text in a terminal, as Markdown in a pull request."""
