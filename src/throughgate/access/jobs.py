"""What runs by the clock in this room."""

from __future__ import annotations

import logging

from throughgate.access.proof import grants_without_live_basis
from throughgate.base.jobs import job

log = logging.getLogger("throughgate.access")


@job("proof of grants", every="20 3 * * *")
def proof_of_grants() -> None:
    """Say loudly when a partner may see somebody on no live basis ([A-40]); changes nothing."""
    loose = grants_without_live_basis()
    if loose:
        log.error("%s grants stand on no live basis: %s", len(loose), [each.grant_id for each in loose])
    else:
        log.info("Every grant stands on a live basis.")
