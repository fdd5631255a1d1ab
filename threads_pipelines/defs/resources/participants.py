"""The experiment's run config: one resource, because the night and the report have to agree."""

import dagster as dg
from pydantic import Field

from threads_pipelines.experiment.settings import ExperimentSettings

_DEFAULTS = ExperimentSettings()


class Experiment(dg.ConfigurableResource):
    """Who takes part, shared by the assignment, the night and the report."""

    name: str = Field(default=_DEFAULTS.name, description="Another name deals the groups anew.")
    enroll_real_accounts: bool = Field(
        default=False, description="Enrol real people too; synthetic accounts always are."
    )
    pinned: dict[str, str] = Field(
        default=dict(_DEFAULTS.pinned),
        description="Email or id of an account, and its group: control or treatment. Such "
        "accounts are served accordingly and left out of the report.",
    )

    withhold_control: bool = Field(
        default=False,
        description="Leave the control group without rows, for an app that reads recommendations "
        "for everyone: its own fallback then serves them random posts.",
    )

    def settings(self) -> ExperimentSettings:
        """Validated settings."""
        return ExperimentSettings.model_validate(
            {
                "name": self.name,
                "enroll_real_accounts": self.enroll_real_accounts,
                "pinned": self.pinned,
            }
        )
