"""The system's alarms over HTTP."""

from fastapi import APIRouter, Request

from watchline.access.model import Action
from watchline.access.policy import requires
from watchline.health.model import Alarm
from watchline.health.watch import HealthWatch

router = APIRouter(tags=["health"])


@router.get("/api/health", dependencies=[requires(Action.SEE)])
async def health(request: Request) -> list[Alarm]:
    """Every alarm about the system itself, the critical ones first; none when all is well.

    Open screens of a sector are told the same with each pulse of their live stream.
    """
    watch: HealthWatch = request.app.state.health
    return list(watch.alarms)
