"""Content: posts made from the seeds by templates and the text model."""

from collections import Counter
from functools import partial

import dagster as dg

from threads_pipelines import settings
from threads_pipelines.content.generate import generate_posts
from threads_pipelines.content.model.cache import CachedModel
from threads_pipelines.content.model.ollama import OllamaModel
from threads_pipelines.content.posts import ContentSettings, GeneratedPosts, ModelUse
from threads_pipelines.content.text import near_duplicates, normalise
from threads_pipelines.content.text_model import TextModel
from threads_pipelines.defs.assets.seeds import read_seed_posts, seed_posts
from threads_pipelines.defs.common import (
    asset,
    blocking,
    columns,
    preview,
    result,
    rows_made,
)
from threads_pipelines.defs.resources.connections import Database, ObjectStorage
from threads_pipelines.defs.resources.synthetic import SyntheticData
from threads_pipelines.population.posts import post_id
from threads_pipelines.storage.s3.objects import ObjectStore
from threads_pipelines.storage.s3.synthetic.catalogue import load_catalogue, save_catalogue
from threads_pipelines.storage.s3.synthetic.completions import StoredCompletions


@asset(
    group_name="content",
    kinds={"ollama", "s3", "parquet"},
    code_version="1",
    deps=[seed_posts],
    description="Every seed in ten kinds of variation, by Jinja templates and Gemma, with topic, "
    "tags, template and source of each post: the catalogue of the run key, written once.",
    metadata=columns(
        post_id="text",
        seed_id="text",
        topic="text",
        tags="text[]",
        variation="text",
        source="text",
        text="text",
    ),
    check_specs=blocking(
        "post_variations",
        {
            "distinct": "No two posts have the same text, digits, punctuation, emoji, case aside.",
            "few_near_duplicates": "Few posts closely resemble another.",
        },
    ),
)
def post_variations(
    context: dg.AssetExecutionContext,
    database: Database,
    storage: ObjectStorage,
    synthetic: SyntheticData,
) -> dg.MaterializeResult:
    """Write the posts of the run key, or keep those that exist."""
    with database.engine() as engine:
        synthetic.require_consent(engine)
    store = storage.store()
    run_key = synthetic.pin(store)
    if not store.exists(run_key.catalogue):
        config = ContentSettings(seed=synthetic.seed, model_texts=synthetic.gemma_texts)
        connect = partial(_text_model, store, config.model_call_seconds)
        made = generate_posts(
            read_seed_posts(store), synthetic.posts, config, connect, context.log.info
        )
        said = _sentence(made.model)
        context.log.info(said)
        save_catalogue(store, run_key.catalogue, _catalogue_rows(run_key.name, made))
    else:
        said = f"run key {run_key.name!r} has its posts already: they are kept"
        context.log.info(said)
    catalogue = load_catalogue(store, run_key.catalogue)
    texts = catalogue["text"].to_pylist()
    repeated = len(texts) - len({normalise(text) for text in texts})
    alike = near_duplicates(texts)
    shown = ["topic", "variation", "source", "text"]
    rows = catalogue.slice(0, 20).select(shown).to_pylist()
    return dg.MaterializeResult(
        metadata=rows_made(
            len(texts),
            run_key=run_key.name,
            model=said,
            topics=dict(Counter(catalogue["topic"].to_pylist())),
            sources=dict(Counter(catalogue["source"].to_pylist())),
            preview=preview(shown, [list(row.values()) for row in rows]),
        ),
        check_results=[
            result("distinct", repeated == 0, f"{repeated} posts repeat another"),
            result("few_near_duplicates", alike.share <= synthetic.near_duplicates, str(alike)),
        ],
    )


def _sentence(use: ModelUse) -> str:
    wrote = f"the model wrote {use.written} of {use.wanted} texts in {use.calls} calls"
    return f"{wrote}, {use.seconds:.0f} s" + (f"; {use.stopped}" if use.stopped else "")


def _text_model(store: ObjectStore, call_seconds: float) -> TextModel:
    loaded = settings.load()
    model = OllamaModel(loaded.ollama_host, loaded.ollama_model, call_seconds)
    return CachedModel(model, StoredCompletions(store))


def _catalogue_rows(run_key: str, made: GeneratedPosts) -> list[dict[str, object]]:
    return [
        {
            "post_id": post_id(run_key, post.index),
            "seed_id": post.seed_id,
            "topic": post.topic,
            "tags": list(post.tags),
            "variation": post.variation,
            "source": post.source,
            "text": post.text,
        }
        for post in made.posts
    ]
