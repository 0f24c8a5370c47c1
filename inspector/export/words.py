"""Sentences that all formats of a check share: what is excused and why, how long something took, how the check ended.

Knows: judgements. Must not know: any format; the words are plain, and are escaped by whoever writes them.
"""

from inspector.core.finding import Severity
from inspector.gate.policy import Fate, Judge, Judged
from inspector.gate.slo import NAMES, Measured
from inspector.report.units import count, duration


def excuse(one: Judged) -> str:
    """`` (ignored: the reason)``, `` (in the baseline)``, or nothing."""
    if one.fate is Fate.IGNORED:
        return f" (ignored: {one.reason})"
    return " (in the baseline)" if one.fate is Fate.KNOWN else ""


def slo_words(one: Measured) -> str:
    """``42.1 s, allowed 30.0 s (the whole pull, …), step 9``."""
    where = f", step {one.step}" if one.step else ""
    return (
        f"{duration(one.seconds)}, allowed {duration(one.limit.allowed)} ({NAMES[one.limit.name][0]}){where}"
    )


def nothing(judge: Judge) -> str:
    """What is said where no pull came to its end."""
    return f"no pull in {judge.where}" + (" came to its end" if judge.pulls else "")


def verdict(judge: Judge) -> str:
    """``failed: 1 of 3 pulls, 1 error; …`` or ``passed: 3 pulls; …``, with what was not counted."""
    said = [_against(judge)] if judge.fails else [f"passed: {count(judge.pulls, 'pull')}"]
    if number := judge.fates[Fate.IGNORED]:
        said.append(f"{number} ignored")
    if number := judge.fates[Fate.KNOWN]:
        said.append(f"{number} in the baseline")
    if number := judge.fates[Fate.BELOW]:
        said.append(f"{number} below --fail-on {judge.policy.fail_on}")
    if judge.unfinished:
        said.append(f"{count(judge.unfinished, 'pull')} unfinished")
    return "; ".join(said)


def _against(judge: Judge) -> str:
    parts = [f"{judge.failing} of {count(judge.pulls, 'pull')}"] if judge.failing else []
    parts += [count(judge.counted[one], str(one)) for one in Severity if judge.counted[one]]
    if judge.empty and not judge.policy.may_be_empty:
        parts.append(f"{nothing(judge)} (--require-pull)")
    parts += [f"{name} too long in {count(number, 'pull')}" for name, number in judge.broken.items()]
    return f"failed: {', '.join(parts)}"


def remarks(judge: Judge) -> list[str]:
    """What could be tidied up: codes that are ignored for nothing, a baseline that has entries to spare."""
    said = []
    if judge.unmet:
        said.append(f"ignored but not found: {', '.join(judge.unmet)}")
    if judge.gone:
        said.append(
            f"in the baseline but not found: {count(judge.gone, 'finding')}; --write-baseline drops them"
        )
    return said
