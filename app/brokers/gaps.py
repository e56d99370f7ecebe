"""What each broker does not do, as measured; the conformance suite fails where a line is wrong."""

from __future__ import annotations

from typing import Final

from app.brokers.port import Feature, Gap

IOTCORE: Final = (
    Gap(
        feature=Feature.RESTART,
        means="a restart forgets sessions, queues and retained messages; receipts repair it",
    ),
    Gap(feature=Feature.KILL, means="so does a kill"),
    Gap(feature=Feature.ACCESS, means="no access control: it listens on this machine only"),
    Gap(feature=Feature.ONE_PORT, means="MQTT 3.1.1 and 5 have a port each; a wrong version is hung up on"),
    Gap(feature=Feature.REASON, means="refuses by hanging up, without a reason"),
    Gap(feature=Feature.LIMIT_TOLD, means="does not tell the largest packet, and hangs up on a larger one"),
    Gap(feature=Feature.SESSION_EXPIRY, means="sessions never expire"),
    Gap(feature=Feature.NO_LOCAL, means="a client gets its own messages back"),
    Gap(feature=Feature.RETAIN_HANDLING, means="retained messages come at every subscribe"),
    Gap(feature=Feature.PUBLISHED_QOS, means="delivers at the subscription's QoS, whatever was published"),
    Gap(feature=Feature.DUP, means="what comes again is not marked so"),
    Gap(feature=Feature.OVERLAP, means="overlapping filters bring a message more than once"),
    Gap(feature=Feature.CLIENT_ID, means="hangs up on a client id with characters of a topic filter"),
    Gap(
        feature=Feature.GROUP,
        means="a share name serves one filter once a member was lost; ingest has a name for each",
    ),
    Gap(
        feature=Feature.RECEIVE_MAXIMUM,
        means="sends up to 100 whatever the client bears; ours bounds it itself",
    ),
    Gap(feature=Feature.WINDOW, means="at most 100 unacknowledged messages on their way to one client"),
)

MOSQUITTO: Final = (
    Gap(
        feature=Feature.RECEIVE_MAXIMUM,
        means="each PUBACK refills the whole window; our client bounds it itself",
    ),
)
