"""What each rule kind asks, from its file: for an editor, and as pages of docs (`make docs`)."""

import sys
from pathlib import Path
from typing import Any

import msgspec
from typing_extensions import TypedDict

from watchline.rules.kind import Kind, all_kinds
from watchline.rules.qualify import Qualifiers, schema_of

_NONE = msgspec.NODEFAULT
_HEAD = "<!-- Made by `make docs` from backend/watchline/rules/kinds/{name}.py. -->\n"


class KindView(TypedDict):
    """A rule kind: `properties` has the JSON schema of each parameter, `shared` the qualifiers.

    `of_tracks` is false for a kind that judges signs of life of units and sensors.
    """

    name: str
    over: list[str]
    of_tracks: bool
    life_at_risk: bool
    properties: dict[str, Any]
    required: list[str]
    defaults: dict[str, Any]
    shared: list[str]


def views() -> list[KindView]:
    """Every kind by name."""
    return [_view(kind) for _, kind in sorted(all_kinds().items())]


def _view(kind: Kind) -> KindView:
    own = schema_of(kind.params)["$defs"][kind.params.__name__]
    fields = msgspec.structs.fields(kind.params)
    # Beside those of the schema, which leaves out what is made anew for each rule.
    defaults = {
        field.name: field.default if field.default_factory is _NONE else field.default_factory()
        for field in fields
        if not field.required
    }
    return {
        "name": kind.name,
        "over": sorted(geofence.value for geofence in kind.geofences),
        "of_tracks": kind.signs is None,
        "life_at_risk": kind.life_at_risk,
        "properties": own["properties"],
        "required": own["required"],
        "defaults": msgspec.to_builtins(defaults),
        "shared": [field.name for field in msgspec.structs.fields(Qualifiers)],
    }


def page(kind: Kind) -> str:
    """The page of a kind in Markdown: what it is, over what, its parameters and its evidence."""
    module = sys.modules[kind.params.__module__]
    own = schema_of(kind.params)["$defs"][kind.params.__name__]
    shared = schema_of(Qualifiers)["$defs"]["Qualifiers"]["properties"]
    fields = {name: said for name, said in own["properties"].items() if shared.get(name) != said}
    required = set(own.get("required", ()))
    title, _, what = (module.__doc__ or "").partition(":")
    lines = [_HEAD.format(name=kind.name), f"# {title.strip()}\n", _sentence(what) + "\n"]
    lines.append(f"Over: {' or '.join(sorted(kind.geofences))}.\n")
    if kind.life_at_risk:
        lines.append("Its findings are of life at risk.\n")
    lines.append(_sentence(kind.params.__doc__ or "") + "\n")
    if fields:
        lines += ["| parameter | value | default |", "|---|---|---|"]
        lines += [
            f"| `{name}` | {_value(said)} | {_default(said, name in required)} |"
            for name, said in fields.items()
        ]
        lines.append("")
    told = kind.remember or kind.judge
    lines.append(_sentence(told.__doc__ or "") + "\n")
    lines.append("What every rule may ask beside this stands in [README.md](README.md).\n")
    return "\n".join(lines)


def index() -> str:
    """The page of what all kinds share, and the list of them."""
    shared = schema_of(Qualifiers)["$defs"]["Qualifiers"]["properties"]
    lines = [
        _HEAD.format(name="*").replace("kinds/*.py", "qualify.py and kinds"),
        "# Rule kinds\n",
        "| kind | over |",
        "|---|---|",
    ]
    for name, kind in sorted(all_kinds().items()):
        lines.append(f"| [{name}]({name}.md) | {' or '.join(sorted(kind.geofences))} |")
    lines += ["\n## What every rule may ask\n", _sentence(Qualifiers.__doc__ or "") + "\n"]
    lines += ["| parameter | value | default |", "|---|---|---|"]
    lines += [f"| `{name}` | {_value(said)} | {_default(said)} |" for name, said in shared.items()]
    return "\n".join([*lines, ""])


def _sentence(text: str) -> str:
    paragraphs = [" ".join(part.split()) for part in text.split("\n\n")]
    return "\n\n".join(part[:1].upper() + part[1:] for part in paragraphs if part)


def _value(said: dict[str, Any]) -> str:
    if "enum" in said:
        return " or ".join(f"`{one}`" for one in said["enum"])
    if "anyOf" in said:
        return " or ".join(_value(one) for one in said["anyOf"] if one.get("type") != "null")
    words = {"object": "class: share", "array": "list"}.get(said["type"], said["type"])
    low, high = said.get("minimum", said.get("exclusiveMinimum")), said.get("maximum")
    if low is None and high is None:
        return str(words)
    above = "more than " if "exclusiveMinimum" in said else ""
    return (
        f"{words}, {above}{low:g} to {high:g}" if high is not None else f"{words}, {above}{low:g}"
    )


def _default(said: dict[str, Any], required: bool = False) -> str:
    if required or "default" not in said:
        return "must be given" if required else "see above"
    default = said["default"]
    return "none" if default in (None, [], {}) else f"`{default}`"


def write(folder: Path) -> None:
    """Write all pages into a folder."""
    folder.mkdir(parents=True, exist_ok=True)
    (folder / "README.md").write_text(index())
    for name, kind in all_kinds().items():
        (folder / f"{name}.md").write_text(page(kind))


if __name__ == "__main__":
    write(Path(sys.argv[1]))
