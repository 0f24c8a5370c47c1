"""Where the mirror's words come from: mitmproxy's options ``mirror_*`` and the TOML file that ``mirror_config`` names.

Knows: the options' names and help, TOML, places in a file. Must not know: what words mean (``config``), mitmproxy itself.
Both may be used together: an option that is set stands in place of the file's setting.
"""

import re
import tomllib
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any, NamedTuple

from inspector.mirror.config import settings
from inspector.mirror.config_reader import Key, Mistakes, Reader
from inspector.mirror.config_upstream import parse_origin
from inspector.mirror.model import Settings
from inspector.wire.reference import DOCKER_HUB, DOCKER_HUB_HOSTS


class Option(NamedTuple):
    """One option as mitmproxy declares it. ``kind``: str, or list for a sequence of str (one for each --set)."""

    name: str
    kind: type
    default: Any
    help: str


_EACH = "May be given several times."
OPTIONS = (
    Option("mirror_config", str, "", "TOML file with the mirror's settings; options that are set stand above it."),
    Option(
        "mirror_upstreams", list, [],
        f"Registries behind the mirror: ghcr.io, or name=https://address (several, separated by commas). {_EACH}",
    ),
    Option("mirror_default", str, "", "Upstream for names without a prefix; else that of --mode reverse:."),
    Option("mirror_auth", str, "", "relay (clients log in to the upstream, the default), own (the mirror does), pass."),
    Option("mirror_redirects", str, "", "What becomes of an upstream's redirect: follow (the default), rewrite, pass."),
    Option("mirror_hosts", list, [], f"Names of this mirror: host, or host=upstream. {_EACH}"),
    Option("mirror_public", str, "", "The mirror's own address for clients, when their Host header does not tell it."),
    Option("mirror_trusted_proxies", list, [], f"Networks whose X-Forwarded-Proto and -Host are believed. {_EACH}"),
    Option("mirror_htpasswd", str, "", "With mirror_auth=own: a file of users (htpasswd -B) who may pull."),
    Option("mirror_proxy", list, [], f"Proxy to the upstreams: socks5://… or http://…, or name=URL for one. {_EACH}"),
    Option(
        "mirror_allow_private", list, [],
        f"Hosts, addresses and networks that may be reached although they are private, or name=… for one. {_EACH}",
    ),
    Option("mirror_realms", list, [], f"name=host: where the upstream's token service may be, besides its domain. {_EACH}"),
    Option("mirror_credentials", list, [], f"With mirror_auth=own: name=user:FILE, the password's file. {_EACH}"),
    Option("mirror_http_redirects", str, "", "on: an upstream with TLS may redirect to plain HTTP."),
    Option("mirror_tries", str, "", "How often a blob that breaks off is asked for again (4)."),
    Option("mirror_pause", str, "", "Seconds before the first of these tries, doubled with each (0.5)."),
    Option("mirror_stall", str, "", "Seconds without a byte after which an upstream counts as broken off (15)."),
)  # fmt: skip

_PLAIN = ("default", "auth", "redirects", "public", "htpasswd")


def load(
    options: Mapping[str, Any],
    environ: Mapping[str, str],
    *,
    reverse: str | None = None,
    ca: str | None = None,
    insecure: bool = False,
) -> Settings:
    """The settings of these options' values and of the file they name. Raises ``Mistakes``.

    ``reverse``: the target of ``--mode reverse:``, which is the default upstream when no other is named.
    """
    file = options.get("mirror_config") or ""
    words: dict[str, Any] = {}
    places = Places("", "")
    folder = Path.cwd()
    if file:
        path = Path(file).expanduser()
        text = _text(path)
        words, places, folder = _parse(path, text), Places(text, str(path)), path.resolve().parent
    read = Reader(places.of, environ, folder)
    put = _putter(words, places)
    _add_plain(options, put, words)
    if reverse:
        _add_reverse(words, reverse)
    if not words.get("upstream"):
        words["upstream"] = {DOCKER_HUB: {}}
    _add_lists(options, put, words, read)
    return settings(words, read, ca=ca, insecure=insecure)


def _text(path: Path) -> str:
    try:
        return path.read_text(encoding="utf-8-sig")
    except OSError as error:
        raise Mistakes([f"mirror_config: {path} cannot be read ({error.strerror})"]) from None
    except UnicodeDecodeError:
        raise Mistakes([f"mirror_config: {path} is no UTF-8 text"]) from None


def _parse(path: Path, text: str) -> dict[str, Any]:
    try:
        return tomllib.loads(text)
    except tomllib.TOMLDecodeError as error:
        found = re.search(r"\(at line (\d+), column (\d+)\)", str(error))
        place = f"{path}:{found[1]}:{found[2]}" if found else str(path)
        raise Mistakes([f"{place}: no TOML: {re.sub(r' *[(]at .*', '', str(error))}"]) from None
    except RecursionError:
        raise Mistakes([f"{path}: nested too deeply"]) from None


class Places:
    """Where a setting stands: ``file:line: upstream.ghcr.io.proxy``, or the option's name."""

    def __init__(self, text: str, file: str) -> None:
        self._file = file
        self._lines = _lines_of(text)
        self.options: dict[Key, str] = {}

    def of(self, key: Key) -> str:
        """The place of a setting; of its table when it is missing."""
        for end in range(len(key), 0, -1):
            if key[:end] in self.options:
                named = f": {key[1]}" if key[0] == "upstream" and len(key) > 1 else ""
                return self.options[key[:end]] + named
        for end in range(len(key), 0, -1):
            if key[:end] in self._lines:
                return f"{self._file}:{self._lines[key[:end]]}: {'.'.join(key)}"
        return f"{self._file}: {'.'.join(key)}" if self._file else f"mirror_{'_'.join(key)}"


_TABLE = re.compile(r"\s*\[\s*(.+?)\s*\]\s*(?:#.*)?")
_SETTING = re.compile(r"""\s*([A-Za-z0-9_."'-]+?(?:\s*\.\s*[A-Za-z0-9_."'-]+)*)\s*=""")
_PART = re.compile(r"""\s*(?:"([^"]*)"|'([^']*)'|([A-Za-z0-9_-]+))\s*\.?""")


def _lines_of(text: str) -> dict[Key, int]:
    """The line of each table and setting. tomllib tells none; a line that looks like a setting in a text may mislead."""
    found: dict[Key, int] = {}
    table: Key = ()
    for number, line in enumerate(text.splitlines(), 1):
        if (match := _TABLE.fullmatch(line)) and not match[1].startswith("["):
            table = _parts(match[1])
            found.setdefault(table, number)
        elif match := _SETTING.match(line):
            found.setdefault((*table, *_parts(match[1])), number)
    return found


def _parts(text: str) -> Key:
    return tuple(a or b or c for a, b, c in _PART.findall(text))


# -- options -----------------------------------------------------------------------------------------------------------


type Put = Callable[..., None]


def _putter(words: dict[str, Any], places: Places) -> Put:
    """A function that puts a value at a key of the words, and notes from which option it came."""

    def put(value: Any, *key: str, option: str) -> None:
        table: Any = words
        for part in key[:-1]:
            table = table.setdefault(part, {}) if isinstance(table, dict) else {}
        if isinstance(table, dict):
            table[key[-1]] = value
            places.options[key] = option

    return put


def _add_plain(options: Mapping[str, Any], put: Put, words: dict[str, Any]) -> None:
    for name in _PLAIN:
        if options.get(f"mirror_{name}"):
            put(options[f"mirror_{name}"], name, option=f"mirror_{name}")
    for item in options.get("mirror_upstreams") or ():
        name, eq, addresses = item.partition("=")
        if not _has(words, name):
            put({}, "upstream", name, option="mirror_upstreams")
        if eq:
            found = [text.strip() for text in addresses.split(",")]
            put(found, "upstream", name, "addresses", option="mirror_upstreams")
    for name in ("tries", "pause", "stall"):
        if text := options.get(f"mirror_{name}"):
            put(_number(text), name, option=f"mirror_{name}")
    if text := options.get("mirror_http_redirects"):
        put(_FLAGS.get(text.lower(), text), "http_redirects", option="mirror_http_redirects")


_FLAGS = {"on": True, "true": True, "yes": True, "off": False, "false": False, "no": False}


def _items(options: Mapping[str, Any], option: str) -> list[tuple[str, str]]:
    """``name=value`` items; the name is empty where there is none."""
    parts = (text.partition("=") for text in options.get(option) or ())
    return [(first, rest) if equals else ("", first) for first, equals, rest in parts]


def _add_lists(options: Mapping[str, Any], put: Put, words: dict[str, Any], read: Reader) -> None:
    if options.get("mirror_trusted_proxies"):
        put(list(options["mirror_trusted_proxies"]), "trusted_proxies", option="mirror_trusted_proxies")
    lists: dict[tuple[str, Key], list[str]] = {}
    for host, name in ((a or b, b if a else "") for a, b in _items(options, "mirror_hosts")):
        lists.setdefault(("mirror_hosts", ("upstream", name, "hosts") if name else ("hosts",)), []).append(
            host
        )
    for option, end in (("mirror_allow_private", "allow_private"), ("mirror_realms", "realms")):
        for name, value in _items(options, option):
            lists.setdefault((option, ("upstream", name, end) if name else (end,)), []).append(value)
    single = [("mirror_proxy", name, "proxy", value) for name, value in _items(options, "mirror_proxy")]
    for name, value in _items(options, "mirror_credentials"):
        user, _, file = value.partition(":")
        single += [
            ("mirror_credentials", name, "username", user),
            ("mirror_credentials", name, "password_file", file),
        ]
    every: list[tuple[str, Key, Any]] = [(option, key, values) for (option, key), values in lists.items()]
    every += [
        (option, ("upstream", name, end) if name else (end,), value) for option, name, end, value in single
    ]
    for option, key, value in every:
        if key[0] == "upstream" and not _has(words, key[1]):
            read.lines.append(
                f"{option}: {key[1]} is not one of the upstreams {', '.join(words['upstream'])}"
            )
        elif len(key) == 1 and option in {"mirror_realms", "mirror_credentials"}:
            read.lines.append(f"{option}: is for one upstream: name=…")
        else:
            put(value, *key, option=option)


def _has(words: dict[str, Any], name: str) -> bool:
    return isinstance(words.get("upstream"), dict) and name in words["upstream"]


def _number(text: str) -> float | str:
    try:
        return float(text)
    except ValueError:
        return text


def _add_reverse(words: dict[str, Any], target: str) -> None:
    """The target of ``--mode reverse:`` is the default upstream, unless another is named."""
    parsed = parse_origin(target)
    upstreams = words.setdefault("upstream", {})
    if parsed is None or not isinstance(upstreams, dict) or words.get("default"):
        return
    name = DOCKER_HUB if parsed.host in DOCKER_HUB_HOSTS else str(parsed).partition("//")[2]
    if name not in upstreams and not any(
        isinstance(t, dict) and target in t.get("addresses", ()) for t in upstreams.values()
    ):
        upstreams[name] = {"addresses": [str(parsed)]}
    by_address = [
        n for n, t in upstreams.items() if isinstance(t, dict) and str(parsed) in t.get("addresses", ())
    ]
    plain = isinstance(upstreams.get(name), dict) and not upstreams[name].get("addresses")
    words["default"] = by_address[0] if by_address and not plain else name
