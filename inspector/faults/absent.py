"""The codes of the catalogue that no fault brings about, each with the reason.

Knows: codes as text. A test holds every code of the rules to be a fault or to stand here.
"""

ABSENT: dict[str, str] = {
    "basic-over-http": "the client sends its login in the clear because it was given an http:// address; nothing in "
    "transit makes it do so. credentials-missing on an http:// host shows it with a client that is logged in.",
    "blob-fetched-twice": "what is fetched, and how often, is the client's own choice.",
    "credentials-forwarded": "whether Authorization goes along to another host is the client's own choice; "
    "cdn-rejects-authorization shows what follows from it.",
    "mirror-bypassed": "the client goes on to the next host of its own accord: any refusal of the mirror does it, such as "
    "server-error with fault_filter=~d MIRROR.",
    "mirror-hides-error": "the mirror turns its upstream's answer into another: put fault.py between the two, with "
    "rate-limited or server-error, and see what it makes of it.",
    "mirror-stale-tag": "two hosts must be asked for one tag: tag-moved with fault_filter=~d MIRROR, and a client that "
    "asks the upstream too.",
    "path-prefix-wrong": "the path is written by the client, from its configuration.",
    "http1-only": "which version is spoken is settled before any request: start mitmdump with --set http2=false.",
    "range-not-offered": "it is advice, and shows on blobs of 10 MB; range-ignored and range-refused show what follows.",
    "token-per-request": "how often a token is fetched is the client's own choice.",
    "retry-storm": "it is the client that repeats: rate-limited with containerd, which asks six times at once.",
}
