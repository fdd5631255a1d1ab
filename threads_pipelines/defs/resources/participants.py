"""The run config of the experiment; the night and the report share this resource."""

import dagster as dg
from pydantic import Field

from threads_pipelines import settings
from threads_pipelines.experiment.settings import ExperimentSettings

_DEFAULTS = ExperimentSettings()


class Experiment(dg.ConfigurableResource):
    """Who takes part in the experiment.

    Empty fields are taken from the environment, so that schedules use them as well.
    """

    name: str | None = Field(
        default=None,
        description="Another name deals the groups anew. Empty: THREADS_EXPERIMENT_NAME, else "
        f"{_DEFAULTS.name}.",
    )
    enroll_real_accounts: bool | None = Field(
        default=None,
        description="Enrol real people too; synthetic accounts always are. Empty: the share in "
        "THREADS_EXPERIMENT_ENROL, else none of them.",
    )
    pinned: dict[str, str] = Field(
        default=dict(_DEFAULTS.pinned),
        description="Email or id of an account, and its group: control or treatment. Such "
        "accounts are served accordingly and left out of the report.",
    )

    withhold_control: bool | None = Field(
        default=None,
        description="Leave the control group without rows, for an app that reads recommendations "
        "for everyone: its own fallback then serves them random posts. Empty: "
        "THREADS_EXPERIMENT_WITHHOLD_CONTROL, else no.",
    )

    def settings(self) -> ExperimentSettings:
        """Combine the run config and the environment.

        Returns:
            The validated settings.
        """
        loaded = settings.load()
        share = loaded.experiment_share
        if self.enroll_real_accounts is not None:
            share = float(self.enroll_real_accounts)
        return ExperimentSettings.model_validate(
            {
                "name": self.name or loaded.experiment_name or _DEFAULTS.name,
                "enroll_real_accounts": share > 0,
                "real_share": share or 1.0,
                "pinned": self.pinned,
            }
        )

    def withholds_control(self) -> bool:
        """Return whether the control group gets no rows.

        Returns:
            Whether it gets none.
        """
        if self.withhold_control is None:
            return settings.load().withhold_control
        return self.withhold_control
