"""The living app: fake users who post, open their feeds and act on the posts."""

from collections import Counter
from collections.abc import Sequence
from typing import Any

import dagster as dg

from threads_pipelines.content.persona import Persona
from threads_pipelines.defs.assets.fake_users import fake_users
from threads_pipelines.defs.common import asset, columns, preview, rows_made
from threads_pipelines.defs.resources.connections import Database, ObjectStorage
from threads_pipelines.defs.resources.simulator import Simulator
from threads_pipelines.defs.run_pruning import prune_runs
from threads_pipelines.simulation import tick as simulation
from threads_pipelines.simulation.database import read_fake_users, remove_oldest
from threads_pipelines.simulation.passed import read_passed, write_passed
from threads_pipelines.simulation.writing import write_posts

_NOBODY = "there are no fake users yet: run manual_simulation once"


@asset(
    group_name="simulation",
    kinds={"postgres", "ollama"},
    code_version="1",
    deps=["check_services", fake_users],
    description="One to three posts a run on their authors' interests, by the text model or by "
    "templates, never a text that was posted before.",
    metadata=columns(id="text", user_id="text", content="text", created_at="timestamp(3)"),
)
def generated_posts(
    context: dg.AssetExecutionContext, database: Database, simulator: Simulator
) -> dg.MaterializeResult:
    """Let some fake users post."""
    now = simulator.now(context)
    rng = simulator.rng(now, 1)
    with database.engine() as engine:
        simulator.require_consent(engine)
        authors = read_fake_users(engine)[: simulator.users]
        model, reason = simulator.model(context)
        written, faults = write_posts(
            engine,
            authors,
            simulator.posts(rng),
            now,
            rng,
            model,
            calls=(simulator.model_calls + 1) // 2,
            reason=reason,
        )
    for fault in faults if authors else [_NOBODY]:
        context.log.warning(fault)
    for reason in sorted({post.said.reason for post in written} - {""}):
        context.log.info(f"not by the model: {reason}")
    rows = [(p.author.username, p.said.decided_by, p.said.reason, p.said.text) for p in written]
    return dg.MaterializeResult(
        metadata=rows_made(
            len(written),
            decided_by=dict(Counter(post.said.decided_by for post in written)),
            posts=preview(["author", "decided by", "reason", "text"], rows),
        )
    )


@asset(
    group_name="simulation",
    kinds={"postgres", "ollama"},
    code_version="1",
    deps=[generated_posts, "user_recommendation"],
    description="Each fake user opens its feed as the app serves it, looks at three to five posts "
    "and views, likes or comments on those that suit its interest: the app's own rows. The oldest "
    "rows beyond the caps go.",
    metadata=columns(
        id="text",
        user_id="text",
        post_id="text",
        interaction_type="text",
        metadata="jsonb",
        created_at="timestamp(3)",
    ),
)
def simulated_interactions(
    context: dg.AssetExecutionContext,
    database: Database,
    storage: ObjectStorage,
    simulator: Simulator,
) -> dg.MaterializeResult:
    """Let every fake user open its feed and act on some posts."""
    now, store = simulator.now(context), storage.store()
    passed = read_passed(store)
    rng = simulator.rng(now, 2)
    with database.engine() as engine:
        simulator.require_consent(engine)
        users = read_fake_users(engine)[: simulator.users]
        model, reason = simulator.model(context)
        persona = Persona(model, rng, calls=simulator.model_calls // 2, reason=reason)
        looks, rows = simulation.act_on_feeds(
            engine, users, now, rng, persona, simulator.tick(), passed
        )
        write_passed(store, passed)
        removed = remove_oldest(engine, simulator.keep_posts, simulator.keep_rows, batches=1)
    if not users:
        context.log.warning(_NOBODY)
    told = _told(looks)
    for reason in told["reasons"]:
        context.log.info(f"not by the model: {reason}")
    runs = prune_runs(context.instance, "continuous_simulation", simulator.keep_run_hours)
    return dg.MaterializeResult(
        metadata=rows_made(
            rows["user_interaction"],
            likes=rows["like"],
            comments=rows["comment"],
            removed_as_oldest=removed,
            runs_pruned=runs,
            **told,
        )
    )


def _told(looks: Sequence[simulation.Look]) -> dict[str, Any]:
    """What was looked at and what decided, for the metadata."""
    comments = [look.comment for look in looks if look.comment]
    reasons = [said.reason for said in comments] + [look.decision.reason for look in looks]
    rows = [
        (
            look.user.username,
            "recommended" if look.recommended else "chance",
            f"{look.decision.act} ({look.decision.decided_by}, {look.decision.similarity:.2f})",
            ", ".join(act.kind for act in look.acts),
            f"{look.comment.text} ({look.comment.decided_by})" if look.comment else "",
        )
        for look in looks
    ]
    return {
        "interest_decided_by": dict(Counter(look.decision.decided_by for look in looks)),
        "comments_decided_by": dict(Counter(said.decided_by for said in comments)),
        "reasons": dict(Counter(filter(None, reasons))),
        **{f"{name}_looks": counts for name, counts in simulation.rates(looks).items()},
        "looks": preview(["user", "feed", "interest", "acts", "comment"], rows),
    }
