"""Temporary limits (domain 3.1): at most one on any day, and none without its entries in the limit history (domain 8).

A row is evidence. It is never deleted; its one change is to be taken back, once. A deferred trigger looks at commit for
the entry that tells that it was set, or taken back: so no path, raw SQL included, gives a temporary limit without
writing down who, when and by which journal.
"""

import datetime
from decimal import Decimal

import django.contrib.postgres.constraints
import django.contrib.postgres.fields.ranges
import django.db.models.deletion
import django.db.models.expressions
import django.db.models.functions.comparison
from django.db import migrations, models

FORWARD = """
ALTER TABLE credit_mgmt_limithistory ADD CONSTRAINT limit_entry_of_its_own_temporary_limit
    FOREIGN KEY (temporary_limit_id, account_id) REFERENCES credit_mgmt_temporarylimit (id, account_id)
    DEFERRABLE INITIALLY DEFERRED;
CREATE TRIGGER refuse_delete BEFORE DELETE ON credit_mgmt_temporarylimit
    FOR EACH ROW EXECUTE FUNCTION credit_mgmt_refuse_change();
CREATE TRIGGER refuse_truncate BEFORE TRUNCATE ON credit_mgmt_temporarylimit
    FOR EACH STATEMENT EXECUTE FUNCTION credit_mgmt_refuse_change();
CREATE TRIGGER refuse_change BEFORE UPDATE ON credit_mgmt_temporarylimit FOR EACH ROW
    WHEN (OLD.withdrawn_from IS NOT NULL OR (OLD.id, OLD.account_id, OLD.amount, OLD.valid_from, OLD.valid_to,
          OLD.journal, OLD.journal_line, OLD.actor, OLD.at) IS DISTINCT FROM (NEW.id, NEW.account_id, NEW.amount,
          NEW.valid_from, NEW.valid_to, NEW.journal, NEW.journal_line, NEW.actor, NEW.at))
    EXECUTE FUNCTION credit_mgmt_refuse_change();
CREATE FUNCTION credit_mgmt_temporary_limit_is_in_the_history() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    PERFORM 1 FROM credit_mgmt_limithistory h WHERE h.temporary_limit_id = NEW.id
        AND h.kind = CASE WHEN TG_OP = 'INSERT' THEN 'temporary' ELSE 'withdrawn' END;
    IF NOT FOUND THEN
        RAISE EXCEPTION 'temporary limit % changed without an entry in the limit history', NEW.id
            USING ERRCODE = 'check_violation', CONSTRAINT = 'temporary_limit_is_in_the_history';
    END IF;
    RETURN NULL;
END $$;
CREATE CONSTRAINT TRIGGER temporary_limit_is_in_the_history AFTER INSERT OR UPDATE ON credit_mgmt_temporarylimit
    DEFERRABLE INITIALLY DEFERRED FOR EACH ROW EXECUTE FUNCTION credit_mgmt_temporary_limit_is_in_the_history();
"""

BACKWARD = """
DROP TRIGGER temporary_limit_is_in_the_history ON credit_mgmt_temporarylimit;
DROP FUNCTION credit_mgmt_temporary_limit_is_in_the_history();
DROP TRIGGER refuse_change ON credit_mgmt_temporarylimit;
DROP TRIGGER refuse_truncate ON credit_mgmt_temporarylimit;
DROP TRIGGER refuse_delete ON credit_mgmt_temporarylimit;
ALTER TABLE credit_mgmt_limithistory DROP CONSTRAINT limit_entry_of_its_own_temporary_limit;
"""


class Migration(migrations.Migration):
    dependencies = [
        ("credit_mgmt", "0010_rule_types_of_other_packages"),
    ]

    operations = [
        migrations.CreateModel(
            name="TemporaryLimit",
            fields=[
                ("id", models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name="ID")),
                ("amount", models.DecimalField(decimal_places=4, max_digits=19)),
                ("valid_from", models.DateField()),
                ("valid_to", models.DateField()),
                (
                    "withdrawn_from",
                    models.DateField(
                        blank=True,
                        help_text="The first day on which it no longer holds, where it was taken back",
                        null=True,
                    ),
                ),
                ("journal", models.CharField(max_length=40)),
                ("journal_line", models.PositiveIntegerField(null=True)),
                ("actor", models.CharField(max_length=80)),
                ("at", models.DateTimeField()),
            ],
        ),
        migrations.RemoveConstraint(
            model_name="limithistory",
            name="limit_history_source_is_known",
        ),
        migrations.AddField(
            model_name="limithistory",
            name="journal",
            field=models.CharField(blank=True, max_length=40),
        ),
        migrations.AddField(
            model_name="limithistory",
            name="journal_line",
            field=models.PositiveIntegerField(null=True),
        ),
        migrations.AddField(
            model_name="limithistory",
            name="kind",
            field=models.CharField(
                choices=[
                    ("limit", "Credit limit"),
                    ("temporary", "Temporary limit"),
                    ("withdrawn", "Temporary limit taken back"),
                ],
                default="limit",
                max_length=10,
            ),
        ),
        migrations.AlterField(
            model_name="limithistory",
            name="source",
            field=models.CharField(
                choices=[
                    ("opening", "Opening"),
                    ("manual", "Manual"),
                    ("feed", "Data feed"),
                    ("group", "Taken over from the group"),
                    ("journal", "Adjustment journal"),
                ],
                max_length=10,
            ),
        ),
        migrations.AddField(
            model_name="temporarylimit",
            name="account",
            field=models.ForeignKey(
                on_delete=django.db.models.deletion.PROTECT,
                related_name="temporary_limits",
                to="credit_mgmt.creditaccount",
            ),
        ),
        migrations.AddField(
            model_name="limithistory",
            name="temporary_limit",
            field=models.ForeignKey(
                null=True,
                on_delete=django.db.models.deletion.PROTECT,
                related_name="history",
                to="credit_mgmt.temporarylimit",
            ),
        ),
        migrations.AddConstraint(
            model_name="limithistory",
            constraint=models.CheckConstraint(
                condition=models.Q(("source__in", ["opening", "manual", "feed", "group", "journal"])),
                name="limit_history_source_is_known",
            ),
        ),
        migrations.AddConstraint(
            model_name="limithistory",
            constraint=models.CheckConstraint(
                condition=models.Q(
                    models.Q(("source", "journal"), models.Q(("journal", ""), _negated=True)),
                    models.Q(models.Q(("source", "journal"), _negated=True), ("journal", "")),
                    _connector="OR",
                ),
                name="limit_of_a_journal_names_it",
            ),
        ),
        migrations.AddConstraint(
            model_name="limithistory",
            constraint=models.CheckConstraint(
                condition=models.Q(
                    models.Q(("kind", "limit"), ("temporary_limit__isnull", True)),
                    models.Q(
                        ("kind__in", ("temporary", "withdrawn")),
                        ("source", "journal"),
                        ("temporary_limit__isnull", False),
                    ),
                    _connector="OR",
                ),
                name="temporary_limits_change_through_journals",
            ),
        ),
        migrations.AddConstraint(
            model_name="limithistory",
            constraint=models.UniqueConstraint(
                fields=("temporary_limit", "kind"), name="one_entry_per_fate_of_a_temporary_limit"
            ),
        ),
        migrations.AddIndex(
            model_name="temporarylimit",
            index=models.Index(fields=["account", "valid_from"], name="temporary_limit_by_account"),
        ),
        migrations.AddIndex(
            model_name="temporarylimit",
            index=models.Index(fields=["valid_to"], name="temporary_limit_by_last_day"),
        ),
        migrations.AddConstraint(
            model_name="temporarylimit",
            constraint=models.UniqueConstraint(fields=("id", "account"), name="temporary_limit_id_with_account"),
        ),
        migrations.AddConstraint(
            model_name="temporarylimit",
            constraint=models.CheckConstraint(
                condition=models.Q(
                    models.Q(("amount__lte", Decimal("999999999999999")), ("amount__gte", Decimal("0"))),
                    ("amount__isnull", True),
                    _connector="OR",
                ),
                name="temporary_limit_is_a_number",
            ),
        ),
        migrations.AddConstraint(
            model_name="temporarylimit",
            constraint=models.CheckConstraint(
                condition=models.Q(
                    ("valid_from__gte", datetime.date(1900, 1, 1)),
                    ("valid_from__lte", models.F("valid_to")),
                    ("valid_to__lte", datetime.date(9999, 12, 31)),
                ),
                name="temporary_limit_has_a_period",
            ),
        ),
        migrations.AddConstraint(
            model_name="temporarylimit",
            constraint=models.CheckConstraint(
                condition=models.Q(
                    ("withdrawn_from__isnull", True),
                    models.Q(
                        ("withdrawn_from__gte", models.F("valid_from")), ("withdrawn_from__lte", models.F("valid_to"))
                    ),
                    _connector="OR",
                ),
                name="temporary_limit_is_withdrawn_within_its_period",
            ),
        ),
        migrations.AddConstraint(
            model_name="temporarylimit",
            constraint=models.CheckConstraint(
                condition=models.Q(("journal", ""), _negated=True), name="temporary_limit_names_its_journal"
            ),
        ),
        migrations.AddConstraint(
            model_name="temporarylimit",
            constraint=django.contrib.postgres.constraints.ExclusionConstraint(
                expressions=[
                    ("account", "="),
                    (
                        models.Func(
                            models.F("valid_from"),
                            django.db.models.functions.comparison.Coalesce(
                                models.F("withdrawn_from"),
                                models.ExpressionWrapper(
                                    django.db.models.expressions.CombinedExpression(
                                        models.F("valid_to"), "+", models.Value(1)
                                    ),
                                    output_field=models.DateField(),
                                ),
                            ),
                            models.Value("[)"),
                            function="daterange",
                            output_field=django.contrib.postgres.fields.ranges.DateRangeField(),
                        ),
                        "&&",
                    ),
                ],
                name="one_temporary_limit_per_day",
            ),
        ),
        migrations.RunSQL(FORWARD, BACKWARD),
    ]
