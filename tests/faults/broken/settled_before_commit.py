"""A worker whose receipts call an item settled as soon as it is in memory."""

import msgspec

from watchline.cli import app
from watchline.detections.parcel import Parcel
from watchline.pipeline import SectorPipeline
from watchline_sensors.contract import Receipt

_receive = SectorPipeline.receive


def _receive_early(self: SectorPipeline, parcel: Parcel) -> Receipt:
    receipt = _receive(self, parcel)
    early = [(seq, seq + 1) for seq in parcel.seqs.tolist()]
    return msgspec.structs.replace(receipt, settled=[*receipt.settled, *early])


SectorPipeline.receive = _receive_early
app()
