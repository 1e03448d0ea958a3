"""Signs of life of units and sensors, and what their absence tells; pure."""

from collections.abc import Iterator, Mapping, Sequence

import numpy as np

from watchline.rules.compiling import CompiledRule, CompiledRules
from watchline.rules.events import Sign, Silent
from watchline.rules.state import Subject

Subjects = Mapping[str, tuple[Subject, ...]]


def judge_presence(
    before: Subjects, signs: Sequence[Sign], tick_us: int | None, compiled: CompiledRules
) -> tuple[Subjects, list[tuple[CompiledRule, Silent]]]:
    """The subjects of each rule after the signs, in order of time, and a tick.

    A subject is silent at its last sign + its limit, whatever shows it first: a later
    sign or the tick. One that a rule expects counts as seen at the first sign or tick of all.
    """
    times = [sign.at_us for sign in signs[:1]] + ([] if tick_us is None else [tick_us])
    if not times or not compiled.present:
        return before, []
    silent: list[tuple[CompiledRule, Silent]] = []
    kept: dict[str, dict[str, Subject]] = {}
    for rules in compiled.present:
        for made in rules:
            own = {subject.name: subject for subject in before.get(made.rule.id, ())}
            for name, limit_s in made.kind.expected(made.params):
                own.setdefault(name, Subject(name, min(times), round(limit_s * 1e6), False))
            kept[made.rule.id] = own
    start, areas = compiled.places.inside(
        np.array([sign.x_m for sign in signs]), np.array([sign.y_m for sign in signs])
    )
    for k, sign in enumerate(signs):
        for area in areas[start[k] : start[k + 1]]:
            for made in compiled.present[area]:
                assert made.kind.signs is not None  # that is who is present
                own = kept[made.rule.id]
                for name, limit_s in made.kind.signs(sign, made.params):
                    known = own.get(name)
                    if known is not None:
                        silent += [(made, event) for event in _silent(known, sign.at_us)]
                    if known is None or sign.at_us >= known.last_us:
                        own[name] = Subject(name, sign.at_us, round(limit_s * 1e6), False)
    if tick_us is not None:
        for id, own in kept.items():
            for subject in own.values():
                for event in _silent(subject, tick_us):
                    silent.append((compiled.by_id[id], event))
                    told = Subject(subject.name, subject.last_us, subject.limit_us, True)
                    own[subject.name] = told
    return {id: tuple(own.values()) for id, own in kept.items() if own}, silent


def _silent(subject: Subject, now_us: int) -> Iterator[Silent]:
    at_us = subject.last_us + subject.limit_us
    if not subject.told and at_us <= now_us:
        yield Silent(subject=subject.name, since_us=subject.last_us, at_us=at_us)
