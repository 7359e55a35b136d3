"""Insurance policies and guarantees (domain 2), and what the database refuses of them whoever writes.

A policy's type is a type of its own identifier, and a policy stays with its customer. Every change is recorded here,
with who made it (I2, I3): a change of cover changes a limit. The record is append-only.
"""

import uuid
from decimal import Decimal

import django.core.validators
import django.db.models.deletion
from django.db import migrations, models

FIELDS = {
    "identifier": "identifier",
    "type": "type_id",
    "insurer": "insurer_id",
    "coverage_type": "coverage_type_id",
    "identification": "identification",
    "effective_on": "effective_on",
    "expires_on": "expires_on",
    "value": "value::text",
    "currency": "currency_id",
    "update_percent": "update_percent::text",
    "update_amount": "update_amount::text",
    "included_in_exposure": "included_in_exposure",
}


def _row(side: str) -> str:
    return "jsonb_build_object(" + ", ".join(f"'{name}', {side}.{column}" for name, column in FIELDS.items()) + ")"


FORWARD = f"""
ALTER TABLE credit_mgmt_coverpolicy ADD CONSTRAINT cover_type_of_its_identifier FOREIGN KEY (type_id, identifier)
    REFERENCES credit_mgmt_policytype (code, identifier) DEFERRABLE INITIALLY DEFERRED;

CREATE FUNCTION credit_mgmt_cover_stays_with_its_customer() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    RAISE EXCEPTION 'policy % stays with its customer', OLD.id
        USING ERRCODE = 'restrict_violation', CONSTRAINT = 'cover_stays_with_its_customer';
END $$;
CREATE TRIGGER cover_stays_with_its_customer BEFORE UPDATE ON credit_mgmt_coverpolicy FOR EACH ROW
    WHEN (OLD.customer_id <> NEW.customer_id OR OLD.id <> NEW.id)
    EXECUTE FUNCTION credit_mgmt_cover_stays_with_its_customer();

CREATE FUNCTION credit_mgmt_note_cover_change() RETURNS trigger LANGUAGE plpgsql AS $$
DECLARE
    policy uuid := CASE WHEN TG_OP = 'DELETE' THEN OLD.id ELSE NEW.id END;
    was jsonb := '{{}}';
    is_now jsonb := '{{}}';
BEGIN
    IF TG_OP <> 'INSERT' THEN was := {_row("OLD")}; END IF;
    IF TG_OP <> 'DELETE' THEN is_now := {_row("NEW")}; END IF;
    IF TG_OP = 'UPDATE' THEN
        SELECT jsonb_object_agg(b.key, b.value), jsonb_object_agg(a.key, a.value) INTO was, is_now
        FROM jsonb_each(was) b JOIN jsonb_each(is_now) a ON a.key = b.key WHERE a.value IS DISTINCT FROM b.value;
        IF was IS NULL THEN RETURN NULL; END IF;
    END IF;
    INSERT INTO credit_mgmt_coverchange (policy_id, sequence, customer_id, before, after, actor, actor_name, at)
    SELECT policy, coalesce(max(c.sequence), 0) + 1, CASE WHEN TG_OP = 'DELETE' THEN OLD.customer_id
               ELSE NEW.customer_id END, was, is_now,
           coalesce(nullif(current_setting('customers.actor', true), ''), 'system:database'),
           coalesce(current_setting('customers.actor_name', true), ''), clock_timestamp()
    FROM credit_mgmt_coverchange c WHERE c.policy_id = policy;
    RETURN NULL;
END $$;
CREATE TRIGGER note_cover_change AFTER INSERT OR UPDATE OR DELETE ON credit_mgmt_coverpolicy
    FOR EACH ROW EXECUTE FUNCTION credit_mgmt_note_cover_change();
CREATE TRIGGER refuse_truncate BEFORE TRUNCATE ON credit_mgmt_coverpolicy
    FOR EACH STATEMENT EXECUTE FUNCTION credit_mgmt_refuse_change();
CREATE TRIGGER refuse_change BEFORE UPDATE OR DELETE ON credit_mgmt_coverchange
    FOR EACH ROW EXECUTE FUNCTION credit_mgmt_refuse_change();
CREATE TRIGGER refuse_truncate BEFORE TRUNCATE ON credit_mgmt_coverchange
    FOR EACH STATEMENT EXECUTE FUNCTION credit_mgmt_refuse_change();
"""  # noqa: S608 - made of constants
BACKWARD = """
DROP TRIGGER note_cover_change ON credit_mgmt_coverpolicy;
DROP TRIGGER cover_stays_with_its_customer ON credit_mgmt_coverpolicy;
DROP TRIGGER refuse_truncate ON credit_mgmt_coverpolicy;
DROP FUNCTION credit_mgmt_note_cover_change();
DROP FUNCTION credit_mgmt_cover_stays_with_its_customer();
ALTER TABLE credit_mgmt_coverpolicy DROP CONSTRAINT cover_type_of_its_identifier;
DROP TRIGGER refuse_change ON credit_mgmt_coverchange;
DROP TRIGGER refuse_truncate ON credit_mgmt_coverchange;
"""


class Migration(migrations.Migration):
    dependencies = [
        ("credit_mgmt", "0012_limit_adjustment_journals"),
        ("customers", "0013_sales_viewers"),
    ]

    operations = [
        migrations.CreateModel(
            name="CoverageType",
            fields=[
                (
                    "code",
                    models.CharField(
                        max_length=20,
                        primary_key=True,
                        serialize=False,
                        validators=[
                            django.core.validators.RegexValidator(
                                "^[A-Za-z0-9._-]{1,20}$",
                                "Use 1 to 20 letters, digits, '-', '_' or '.'.",
                                code="invalid_key",
                            )
                        ],
                    ),
                ),
                ("description", models.CharField(blank=True, max_length=100)),
            ],
        ),
        migrations.CreateModel(
            name="PolicyType",
            fields=[
                (
                    "code",
                    models.CharField(
                        max_length=20,
                        primary_key=True,
                        serialize=False,
                        validators=[
                            django.core.validators.RegexValidator(
                                "^[A-Za-z0-9._-]{1,20}$",
                                "Use 1 to 20 letters, digits, '-', '_' or '.'.",
                                code="invalid_key",
                            )
                        ],
                    ),
                ),
                (
                    "identifier",
                    models.CharField(choices=[("guarantee", "Guarantee"), ("insurance", "Insurance")], max_length=9),
                ),
                ("description", models.CharField(blank=True, max_length=100)),
            ],
            options={
                "constraints": [
                    models.CheckConstraint(
                        condition=models.Q(("identifier__in", ["guarantee", "insurance"])),
                        name="policy_type_identifier_is_known",
                    ),
                    models.UniqueConstraint(fields=("code", "identifier"), name="policy_type_with_its_identifier"),
                ],
            },
        ),
        migrations.CreateModel(
            name="CoverChange",
            fields=[
                ("id", models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name="ID")),
                ("policy_id", models.UUIDField()),
                ("sequence", models.PositiveIntegerField()),
                ("before", models.JSONField()),
                ("after", models.JSONField()),
                ("actor", models.CharField(max_length=80)),
                ("actor_name", models.CharField(blank=True, max_length=150)),
                ("at", models.DateTimeField()),
                (
                    "customer",
                    models.ForeignKey(
                        db_index=False,
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="cover_changes",
                        to="customers.customer",
                    ),
                ),
            ],
            options={
                "indexes": [models.Index(fields=["customer", "-at"], name="cover_change_by_customer")],
                "constraints": [
                    models.UniqueConstraint(fields=("policy_id", "sequence"), name="one_cover_change_per_number")
                ],
            },
        ),
        migrations.CreateModel(
            name="CoverPolicy",
            fields=[
                ("id", models.UUIDField(default=uuid.uuid4, editable=False, primary_key=True, serialize=False)),
                (
                    "identifier",
                    models.CharField(choices=[("guarantee", "Guarantee"), ("insurance", "Insurance")], max_length=9),
                ),
                ("identification", models.CharField(blank=True, max_length=60, verbose_name="number")),
                ("effective_on", models.DateField()),
                ("expires_on", models.DateField()),
                ("value", models.DecimalField(decimal_places=4, max_digits=19)),
                ("update_percent", models.DecimalField(blank=True, decimal_places=4, max_digits=9, null=True)),
                ("update_amount", models.DecimalField(blank=True, decimal_places=4, max_digits=19, null=True)),
                ("included_in_exposure", models.BooleanField(default=False)),
                (
                    "coverage_type",
                    models.ForeignKey(
                        blank=True,
                        null=True,
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="policies",
                        to="credit_mgmt.coveragetype",
                    ),
                ),
                (
                    "currency",
                    models.ForeignKey(
                        db_index=False,
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="+",
                        to="customers.currency",
                    ),
                ),
                (
                    "customer",
                    models.ForeignKey(
                        db_index=False,
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="cover",
                        to="customers.customer",
                    ),
                ),
                (
                    "insurer",
                    models.ForeignKey(
                        blank=True,
                        null=True,
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="+",
                        to="customers.party",
                    ),
                ),
                (
                    "type",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="policies",
                        to="credit_mgmt.policytype",
                    ),
                ),
            ],
            options={
                "verbose_name": "policy or guarantee",
                "verbose_name_plural": "policies and guarantees",
                "indexes": [
                    models.Index(fields=["customer", "expires_on"], name="cover_by_customer"),
                    models.Index(fields=["expires_on", "id"], name="cover_by_last_day"),
                ],
                "constraints": [
                    models.CheckConstraint(
                        condition=models.Q(("identifier__in", ["guarantee", "insurance"])),
                        name="cover_identifier_is_known",
                    ),
                    models.CheckConstraint(
                        condition=models.Q(
                            models.Q(
                                models.Q(("value__lte", Decimal("999999999999999")), ("value__gte", Decimal("0"))),
                                ("value__isnull", True),
                                _connector="OR",
                            ),
                            models.Q(
                                models.Q(
                                    ("update_amount__lte", Decimal("999999999999999")),
                                    ("update_amount__gte", Decimal("0")),
                                ),
                                ("update_amount__isnull", True),
                                _connector="OR",
                            ),
                        ),
                        name="cover_amounts_are_numbers",
                    ),
                    models.CheckConstraint(
                        condition=models.Q(
                            models.Q(("update_percent__lte", Decimal("100")), ("update_percent__gte", Decimal("0"))),
                            ("update_percent__isnull", True),
                            _connector="OR",
                        ),
                        name="cover_percent_up_to_100",
                    ),
                    models.CheckConstraint(
                        condition=models.Q(
                            ("update_amount__isnull", True), ("update_amount__lte", models.F("value")), _connector="OR"
                        ),
                        name="cover_amount_up_to_its_value",
                    ),
                    models.CheckConstraint(
                        condition=models.Q(
                            models.Q(("update_amount__isnull", True), ("update_percent__isnull", False)),
                            models.Q(("update_amount__isnull", False), ("update_percent__isnull", True)),
                            _connector="OR",
                        ),
                        name="cover_counts_by_percent_or_amount",
                    ),
                    models.CheckConstraint(
                        condition=models.Q(
                            ("identifier", "insurance"), ("coverage_type__isnull", True), _connector="OR"
                        ),
                        name="guarantee_without_coverage_type",
                    ),
                    models.CheckConstraint(
                        condition=models.Q(("expires_on__gte", models.F("effective_on"))),
                        name="cover_starts_before_it_ends",
                    ),
                ],
            },
        ),
        migrations.RunSQL(FORWARD, BACKWARD),
    ]
