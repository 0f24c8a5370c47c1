"""The engine: events in, updates and pulls out. Sans-io, no clock.

Interface (the correlation itself is in the modules beside this one):

    engine = Engine()
    for event in events:
        for update in engine.feed(event): ...
    for pull in engine.settled(now=..., quiet=2.0): ...   # live: pulls that look finished and are new since last asked
    pulls = engine.finish()                               # the rest, in order of their first request

    engine.other         number of exchanges that were not registry traffic
    engine.unclaimed     list[ConnectionFailed] that belong to no pull (bounded)
    engine.failed_connections   number of ConnectionFailed events seen
"""
