"""The partitions: one for each day whose feed is served."""

import dagster as dg

from threads_pipelines import settings

FIRST_DAY = "2025-01-01"

# ``end_offset=1`` so that today exists before it is over: its feed is what people read now.
daily = dg.DailyPartitionsDefinition(
    start_date=FIRST_DAY, end_offset=1, timezone=settings.load().timezone
)
