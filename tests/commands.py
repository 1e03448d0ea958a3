"""Command lines of ours in files: whether the program would take them. Nothing is run."""

from typing import Any

import typer

from watchline.cli import app as hub_app
from watchline_sensors.cli import app as edge_app
from watchline_sensors.simulate.cli import app as simulate_app

_PROGRAMS = {"watchline": hub_app, "watchline-edge": edge_app}


def parse(program: str, words: list[str]) -> str:
    """The command's full name, its options and the number of arguments checked."""
    app, name = _PROGRAMS[program], program
    if words[0] == "simulate":  # imported only when it is called
        name, app, words = f"{program} simulate", simulate_app, words[1:]
    command: Any = typer.main.get_command(app)
    while hasattr(command, "commands"):
        word, *words = words
        name, command = f"{name} {word}", command.commands[word]
    options = {option for it in command.params for option in it.opts if option.startswith("-")}
    arguments = [it for it in command.params if it.param_type_name == "argument"]
    flags = {opt for it in command.params if getattr(it, "is_flag", False) for opt in it.opts}
    given: list[str] = []
    while words:
        word, *words = words
        if word.startswith("-"):
            assert word in options, (name, word)
            if word not in flags:
                words = words[1:]
        else:
            given.append(word)
    assert len(given) == len([it for it in arguments if it.required]), (name, given)
    return name
