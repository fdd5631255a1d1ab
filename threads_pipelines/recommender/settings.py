"""The settings of the whole recommender."""

import warnings
from collections.abc import Mapping
from typing import Any, Self

from pydantic import Field, model_validator

from threads_pipelines.recommender.component_settings import (
    BlendSettings,
    EventSettings,
    FeedSettings,
    Group,
    NewcomerSettings,
    PopularitySettings,
    SimilarPeopleSettings,
    SimilarPostSettings,
    SimilarTextSettings,
    SpectralSettings,
)
from threads_pipelines.recommender.flat_keys import nested


class RecommenderSettings(Group):
    """Settings of every component; ``tuning.tune`` chooses the values on held-out interactions.

    A post's score for a user is
    ``(people_share·P + (1 − people_share)·S + text_weight·T + recency_weight·R + floor) · B``
    with P, S and T the votes of similar people, the similarity to posts of the user's history and
    the similarity of the text, each scaled by the user's own maximum; R the freshness of the post;
    and B its recent popularity to the power ``popularity.exponent``. The spectral view with share g
    adds g times its score, scaled in the same way, and leaves 1 − g to P and S. For a history of
    n posts, newcomers' popularity has the share ``newcomers.share`` to the power n.
    """

    events: EventSettings = Field(
        default_factory=EventSettings, description="Events as user-post pairs."
    )
    similar_people: SimilarPeopleSettings = Field(
        default_factory=SimilarPeopleSettings, description="The search for similar people."
    )
    similar_posts: SimilarPostSettings = Field(
        default_factory=SimilarPostSettings, description="The similarity of posts by people."
    )
    similar_texts: SimilarTextSettings = Field(
        default_factory=SimilarTextSettings, description="The similarity of posts by text."
    )
    popularity: PopularitySettings = Field(
        default_factory=PopularitySettings, description="Recent popularity."
    )
    blend: BlendSettings = Field(
        default_factory=BlendSettings, description="The weights of the parts."
    )
    feed: FeedSettings = Field(default_factory=FeedSettings, description="The places of a feed.")

    spectral: SpectralSettings = Field(
        default_factory=SpectralSettings, description="The spectral view."
    )
    newcomers: NewcomerSettings = Field(
        default_factory=NewcomerSettings, description="The feed of people without history."
    )

    @model_validator(mode="before")
    @classmethod
    def _accept_flat_keys(cls, given: Any) -> Any:
        if not isinstance(given, Mapping):
            return given
        moved, renamed = nested(given)
        for old, new in renamed.items():
            warnings.warn(
                f"the setting {old} is now {new}; the old name goes with the next release",
                FutureWarning,
                stacklevel=4,
            )
        return moved

    @classmethod
    def from_stored(cls, stored: Mapping[str, Any]) -> Self:
        """Read settings that any release stored, without a warning about old names.

        ``newcomers.personal_after``, a setting of development versions, is left out.

        Args:
            stored: The settings as JSON values.

        Returns:
            The settings.

        Raises:
            pydantic.ValidationError: A name is unknown or a value is out of range.
        """
        settings = nested(stored)[0]
        if "personal_after" in settings.get("newcomers", {}):
            kept = {k: v for k, v in settings["newcomers"].items() if k != "personal_after"}
            settings = {**settings, "newcomers": kept}
        return cls.model_validate(settings)

    def changed(self, changes: Mapping[str, Any]) -> Self:
        """Return a copy with other values.

        Args:
            changes: New values by dotted name, such as ``blend.people_share``.

        Returns:
            The copy.

        Raises:
            pydantic.ValidationError: A name is unknown or a value is out of range.
        """
        values = self.model_dump()
        for name, value in changes.items():
            group, _, field = name.partition(".")
            values[group][field] = value
        return type(self).model_validate(values)
