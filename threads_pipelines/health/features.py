"""Whether the app's database lets every enabled feature work."""

from typing import TYPE_CHECKING

from threads_pipelines.project_files import SQL_DIR
from threads_pipelines.settings import Settings
from threads_pipelines.storage.postgres import database
from threads_pipelines.storage.postgres.accounts.privileges import Feature, missing_privileges
from threads_pipelines.storage.postgres.contract import has_experiment_group, has_table

if TYPE_CHECKING:
    from sqlalchemy import Engine


def check_features(settings: Settings) -> tuple[bool, str]:
    """Compare what each enabled feature needs with the existing columns and privileges.

    The experiment is enabled if its column exists or ``THREADS_EXPERIMENT_ENROL`` enrols accounts.
    Synthetic data are enabled if ``THREADS_WITH_REAL_ACCOUNTS`` says so or the role may add
    accounts. The logins of the test accounts are enabled if they have a password.

    Args:
        settings: Addresses and options.

    Returns:
        Whether all features can work, and what was found.
    """
    engine = database.connect(settings.database_url)
    enabled = _enabled(settings, engine)
    with database.session(engine) as connection:
        faults = [str(one) for one in missing_privileges(connection, enabled)]
    if settings.experiment_share and not has_experiment_group(engine):
        faults.append(
            '"user": column experiment_group is missing, which THREADS_EXPERIMENT_ENROL needs: let '
            f"the owner apply {SQL_DIR / 'experiment_group.sql'} ({SQL_DIR / 'prisma'} says how "
            f"with Prisma), then {SQL_DIR / 'roles.sql'}"
        )
    if settings.test_account_password and not has_table(engine, "account"):
        faults.append(
            '"account": the table is missing, which THREADS_TEST_ACCOUNT_PASSWORD needs: unset it'
        )
    if faults:
        return False, "\n".join(faults)
    return True, f"the role has what is needed for: {', '.join(enabled) or 'the night alone'}"


def _enabled(settings: Settings, engine: "Engine") -> list[Feature]:
    on = {
        Feature.EXPERIMENT: bool(settings.experiment_share) or has_experiment_group(engine),
        Feature.SYNTHETIC: settings.with_real_accounts or _may_add_accounts(engine),
        Feature.TEST_LOGINS: bool(settings.test_account_password),
    }
    return [feature for feature in on if on[feature]]


def _may_add_accounts(engine: "Engine") -> bool:
    with database.session(engine) as connection, connection.cursor() as cursor:
        cursor.execute("""SELECT has_any_column_privilege('"user"', 'INSERT')""")
        ((may,),) = cursor.fetchall()
        return bool(may)
