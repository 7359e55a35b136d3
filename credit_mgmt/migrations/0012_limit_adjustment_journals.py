"""Limit adjustment journals (domain 8), and what the database refuses of them whoever writes.

A journal goes along the legal edges only, which stand here a second time beside `LimitJournal`'s transitions (a test
compares the two); posted or cancelled, it never changes, nor do its lines. Lines change in drafts only: later just what
was found of them and who approved them, so that what is posted is what was approved. Nothing is deleted but lines of
drafts. A line, its journal and its customer are of one legal entity.
"""

from decimal import Decimal

import django.db.models.deletion
import django_fsm
from django.db import migrations, models

FORWARD = """
ALTER TABLE credit_mgmt_limitjournalline ADD CONSTRAINT journal_line_within_entity
    FOREIGN KEY (journal_id, legal_entity_id) REFERENCES credit_mgmt_limitjournal (id, legal_entity_id)
    DEFERRABLE INITIALLY DEFERRED;
ALTER TABLE credit_mgmt_limitjournalline ADD CONSTRAINT journal_line_customer_within_entity
    FOREIGN KEY (customer_id, legal_entity_id) REFERENCES customers_customer (id, legal_entity_id)
    DEFERRABLE INITIALLY DEFERRED;

CREATE TRIGGER refuse_delete BEFORE DELETE ON credit_mgmt_limitjournal
    FOR EACH ROW EXECUTE FUNCTION credit_mgmt_refuse_change();
CREATE TRIGGER refuse_truncate BEFORE TRUNCATE ON credit_mgmt_limitjournal
    FOR EACH STATEMENT EXECUTE FUNCTION credit_mgmt_refuse_change();
CREATE TRIGGER refuse_truncate BEFORE TRUNCATE ON credit_mgmt_limitjournalline
    FOR EACH STATEMENT EXECUTE FUNCTION credit_mgmt_refuse_change();

CREATE FUNCTION credit_mgmt_journal_goes_along_its_edges() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    IF OLD.status IN ('posted', 'cancelled') THEN
        RAISE EXCEPTION 'journal % is % and never changes', OLD.number, OLD.status
            USING ERRCODE = 'restrict_violation', CONSTRAINT = 'posted_journal_never_changes';
    END IF;
    IF (OLD.number, OLD.legal_entity_id, OLD.sequence, OLD.type) IS DISTINCT FROM
       (NEW.number, NEW.legal_entity_id, NEW.sequence, NEW.type) THEN
        RAISE EXCEPTION 'journal % keeps its number, legal entity and type', OLD.number
            USING ERRCODE = 'restrict_violation', CONSTRAINT = 'journal_keeps_its_number';
    END IF;
    IF OLD.status <> NEW.status AND (OLD.status, NEW.status) NOT IN (
        ('draft', 'in_workflow'), ('draft', 'approved'), ('draft', 'posted'), ('draft', 'cancelled'),
        ('in_workflow', 'approved'), ('in_workflow', 'rejected'), ('in_workflow', 'draft'),
        ('approved', 'posted'), ('approved', 'draft'), ('rejected', 'draft')
    ) THEN
        RAISE EXCEPTION 'a journal does not go from % to %', OLD.status, NEW.status
            USING ERRCODE = 'check_violation', CONSTRAINT = 'journal_goes_along_its_edges';
    END IF;
    RETURN NEW;
END $$;
CREATE TRIGGER journal_goes_along_its_edges BEFORE UPDATE ON credit_mgmt_limitjournal
    FOR EACH ROW EXECUTE FUNCTION credit_mgmt_journal_goes_along_its_edges();

CREATE FUNCTION credit_mgmt_journal_line_of_a_draft() RETURNS trigger LANGUAGE plpgsql AS $$
DECLARE
    now_is text;
BEGIN
    SELECT status INTO now_is FROM credit_mgmt_limitjournal WHERE id = coalesce(NEW.journal_id, OLD.journal_id);
    IF now_is = 'draft' THEN RETURN coalesce(NEW, OLD); END IF;
    IF TG_OP = 'UPDATE' AND now_is IN ('in_workflow', 'approved') AND
       to_jsonb(OLD) - ARRAY['approval', 'problem', 'findings'] =
       to_jsonb(NEW) - ARRAY['approval', 'problem', 'findings'] THEN
        RETURN NEW;
    END IF;
    RAISE EXCEPTION 'lines change in drafts; journal % is %', coalesce(NEW.journal_id, OLD.journal_id), now_is
        USING ERRCODE = 'restrict_violation', CONSTRAINT = 'journal_lines_change_in_drafts';
END $$;
CREATE TRIGGER journal_line_of_a_draft BEFORE INSERT OR UPDATE OR DELETE ON credit_mgmt_limitjournalline
    FOR EACH ROW EXECUTE FUNCTION credit_mgmt_journal_line_of_a_draft();
"""

BACKWARD = """
DROP TRIGGER journal_line_of_a_draft ON credit_mgmt_limitjournalline;
DROP FUNCTION credit_mgmt_journal_line_of_a_draft();
DROP TRIGGER journal_goes_along_its_edges ON credit_mgmt_limitjournal;
DROP FUNCTION credit_mgmt_journal_goes_along_its_edges();
DROP TRIGGER refuse_truncate ON credit_mgmt_limitjournalline;
DROP TRIGGER refuse_truncate ON credit_mgmt_limitjournal;
DROP TRIGGER refuse_delete ON credit_mgmt_limitjournal;
ALTER TABLE credit_mgmt_limitjournalline DROP CONSTRAINT journal_line_customer_within_entity;
ALTER TABLE credit_mgmt_limitjournalline DROP CONSTRAINT journal_line_within_entity;
"""


class Migration(migrations.Migration):
    dependencies = [
        ("credit_mgmt", "0011_temporary_limits"),
        ("customers", "0013_sales_viewers"),
    ]

    operations = [
        migrations.CreateModel(
            name="JournalNumber",
            fields=[
                (
                    "legal_entity",
                    models.OneToOneField(
                        on_delete=django.db.models.deletion.PROTECT,
                        primary_key=True,
                        related_name="+",
                        serialize=False,
                        to="customers.legalentity",
                    ),
                ),
                ("last", models.PositiveIntegerField()),
            ],
        ),
        migrations.CreateModel(
            name="LimitJournal",
            fields=[
                ("id", models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name="ID")),
                (
                    "number",
                    models.CharField(editable=False, help_text="USMF-000123, without gaps", max_length=30, unique=True),
                ),
                ("sequence", models.PositiveIntegerField(editable=False)),
                (
                    "type",
                    models.CharField(
                        choices=[
                            ("credit_limit", "Credit limit"),
                            ("temporary_credit_limit", "Temporary credit limit"),
                        ],
                        max_length=22,
                    ),
                ),
                ("description", models.CharField(blank=True, max_length=100)),
                (
                    "status",
                    django_fsm.FSMField(
                        choices=[
                            ("draft", "Draft"),
                            ("in_workflow", "In approval"),
                            ("approved", "Approved"),
                            ("rejected", "Rejected"),
                            ("posted", "Posted"),
                            ("cancelled", "Cancelled"),
                        ],
                        default="draft",
                        max_length=11,
                        protected=True,
                    ),
                ),
                ("version", models.PositiveIntegerField(default=1)),
                (
                    "origin",
                    models.CharField(
                        choices=[
                            ("manual", "Manual"),
                            ("customers", "From customers"),
                            ("groups", "From groups"),
                            ("automatic", "Automatic limits"),
                            ("copy", "Copy"),
                            ("reversal", "Reversal"),
                        ],
                        default="manual",
                        max_length=10,
                    ),
                ),
                ("line_count", models.PositiveIntegerField(default=0)),
                ("increase", models.DecimalField(decimal_places=4, default=0, max_digits=19, null=True)),
                ("decrease", models.DecimalField(decimal_places=4, default=0, max_digits=19, null=True)),
                ("owner", models.CharField(max_length=80)),
                ("created_at", models.DateTimeField()),
                ("changed_by", models.CharField(max_length=80)),
                ("changed_at", models.DateTimeField()),
                ("submitted_by", models.CharField(blank=True, max_length=80)),
                ("submitted_at", models.DateTimeField(null=True)),
                ("decided_by", models.CharField(blank=True, max_length=80)),
                ("decided_at", models.DateTimeField(null=True)),
                ("posted_by", models.CharField(blank=True, max_length=80)),
                ("posted_at", models.DateTimeField(null=True)),
                (
                    "legal_entity",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.PROTECT, related_name="+", to="customers.legalentity"
                    ),
                ),
                (
                    "reverses",
                    models.ForeignKey(
                        blank=True,
                        null=True,
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="reversals",
                        to="credit_mgmt.limitjournal",
                    ),
                ),
            ],
        ),
        migrations.CreateModel(
            name="LimitJournalLine",
            fields=[
                ("id", models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name="ID")),
                ("number", models.PositiveIntegerField()),
                ("current_limit", models.DecimalField(decimal_places=4, max_digits=19)),
                ("current_expires_on", models.DateField(null=True)),
                ("current_temporary", models.DecimalField(decimal_places=4, max_digits=19, null=True)),
                ("current_temporary_from", models.DateField(null=True)),
                ("current_temporary_to", models.DateField(null=True)),
                ("new_limit", models.DecimalField(decimal_places=4, max_digits=19)),
                ("new_from", models.DateField(null=True)),
                ("new_to", models.DateField(null=True)),
                (
                    "approval",
                    models.CharField(
                        blank=True,
                        choices=[("pending", "Waiting"), ("approved", "Approved"), ("rejected", "Rejected")],
                        max_length=8,
                    ),
                ),
                (
                    "problem",
                    models.CharField(blank=True, choices=[("warning", "Warning"), ("error", "Error")], max_length=7),
                ),
                (
                    "findings",
                    models.JSONField(default=list, help_text="[{code, level, field, values}] of the last look"),
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
                        blank=True,
                        null=True,
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="+",
                        to="customers.customer",
                    ),
                ),
                (
                    "group",
                    models.ForeignKey(
                        blank=True,
                        null=True,
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="+",
                        to="customers.customercreditgroup",
                    ),
                ),
                (
                    "journal",
                    models.ForeignKey(
                        db_index=False,
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="lines",
                        to="credit_mgmt.limitjournal",
                    ),
                ),
                (
                    "legal_entity",
                    models.ForeignKey(
                        db_index=False,
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="+",
                        to="customers.legalentity",
                    ),
                ),
                (
                    "reverses",
                    models.ForeignKey(
                        null=True,
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="+",
                        to="credit_mgmt.limitjournalline",
                    ),
                ),
            ],
        ),
        migrations.CreateModel(
            name="RequiredApproval",
            fields=[
                ("id", models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name="ID")),
                ("subject", models.CharField(choices=[("journal", "Journal"), ("line", "Line")], max_length=7)),
                (
                    "legal_entity",
                    models.ForeignKey(
                        null=True,
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="+",
                        to="customers.legalentity",
                    ),
                ),
            ],
        ),
        migrations.AddIndex(
            model_name="limitjournal",
            index=models.Index(fields=["legal_entity", "status", "-changed_at"], name="journal_by_status"),
        ),
        migrations.AddIndex(
            model_name="limitjournal",
            index=models.Index(fields=["-changed_at", "number"], name="journal_by_change"),
        ),
        migrations.AddIndex(
            model_name="limitjournal",
            index=models.Index(fields=["owner", "status"], name="journal_by_owner"),
        ),
        migrations.AddConstraint(
            model_name="limitjournal",
            constraint=models.UniqueConstraint(
                fields=("legal_entity", "sequence"), name="one_journal_per_entity_and_number"
            ),
        ),
        migrations.AddConstraint(
            model_name="limitjournal",
            constraint=models.UniqueConstraint(fields=("id", "legal_entity"), name="journal_id_with_entity"),
        ),
        migrations.AddConstraint(
            model_name="limitjournal",
            constraint=models.UniqueConstraint(
                condition=models.Q(("status", "cancelled"), _negated=True),
                fields=("reverses",),
                name="one_reversal_per_journal",
            ),
        ),
        migrations.AddConstraint(
            model_name="limitjournal",
            constraint=models.CheckConstraint(
                condition=models.Q(("type__in", ["credit_limit", "temporary_credit_limit"])),
                name="journal_type_is_known",
            ),
        ),
        migrations.AddConstraint(
            model_name="limitjournal",
            constraint=models.CheckConstraint(
                condition=models.Q(
                    ("status__in", ["draft", "in_workflow", "approved", "rejected", "posted", "cancelled"])
                ),
                name="journal_status_is_known",
            ),
        ),
        migrations.AddConstraint(
            model_name="limitjournal",
            constraint=models.CheckConstraint(
                condition=models.Q(("origin__in", ["manual", "customers", "groups", "automatic", "copy", "reversal"])),
                name="journal_origin_is_known",
            ),
        ),
        migrations.AddConstraint(
            model_name="limitjournal",
            constraint=models.CheckConstraint(
                condition=models.Q(
                    models.Q(
                        models.Q(("increase__lte", Decimal("999999999999999")), ("increase__gte", Decimal("0"))),
                        ("increase__isnull", True),
                        _connector="OR",
                    ),
                    models.Q(
                        models.Q(("decrease__lte", Decimal("999999999999999")), ("decrease__gte", Decimal("0"))),
                        ("decrease__isnull", True),
                        _connector="OR",
                    ),
                ),
                name="journal_sums_are_numbers",
            ),
        ),
        migrations.AddConstraint(
            model_name="limitjournal",
            constraint=models.CheckConstraint(
                condition=models.Q(
                    models.Q(("status", "posted"), _negated=True),
                    models.Q(models.Q(("posted_by", ""), _negated=True), ("posted_at__isnull", False)),
                    _connector="OR",
                ),
                name="posted_journal_says_by_whom_and_when",
            ),
        ),
        migrations.AddConstraint(
            model_name="limitjournal",
            constraint=models.CheckConstraint(
                condition=models.Q(
                    ("decided_by", ""),
                    models.Q(("decided_by", models.F("submitted_by")), _negated=True),
                    _connector="OR",
                ),
                name="nobody_approves_a_journal_that_they_submitted",
            ),
        ),
        migrations.AddIndex(
            model_name="limitjournalline",
            index=models.Index(fields=["journal", "problem", "number"], name="journal_line_by_problem"),
        ),
        migrations.AddConstraint(
            model_name="limitjournalline",
            constraint=models.UniqueConstraint(fields=("journal", "number"), name="one_journal_line_per_number"),
        ),
        migrations.AddConstraint(
            model_name="limitjournalline",
            constraint=models.CheckConstraint(
                condition=models.Q(
                    models.Q(("customer__isnull", False), ("group__isnull", True)),
                    models.Q(("customer__isnull", True), ("group__isnull", False)),
                    _connector="OR",
                ),
                name="journal_line_for_a_customer_or_a_group",
            ),
        ),
        migrations.AddConstraint(
            model_name="limitjournalline",
            constraint=models.CheckConstraint(
                condition=models.Q(("new_to__isnull", False), ("reverses__isnull", False), _connector="OR"),
                name="journal_line_says_until_when",
            ),
        ),
        migrations.AddConstraint(
            model_name="limitjournalline",
            constraint=models.CheckConstraint(
                condition=models.Q(
                    models.Q(
                        models.Q(
                            ("current_limit__lte", Decimal("999999999999999")), ("current_limit__gte", Decimal("0"))
                        ),
                        ("current_limit__isnull", True),
                        _connector="OR",
                    ),
                    models.Q(
                        models.Q(
                            ("current_temporary__lte", Decimal("999999999999999")),
                            ("current_temporary__gte", Decimal("0")),
                        ),
                        ("current_temporary__isnull", True),
                        _connector="OR",
                    ),
                ),
                name="journal_line_current_amounts_are_numbers",
            ),
        ),
        migrations.AddConstraint(
            model_name="limitjournalline",
            constraint=models.CheckConstraint(
                condition=models.Q(
                    models.Q(
                        ("new_limit__lte", Decimal("999999999999999")), ("new_limit__gte", Decimal("-1000000000000000"))
                    ),
                    ("new_limit__isnull", True),
                    _connector="OR",
                ),
                name="journal_line_new_limit_is_a_number",
            ),
        ),
        migrations.AddConstraint(
            model_name="requiredapproval",
            constraint=models.UniqueConstraint(
                fields=("subject", "legal_entity"), name="one_approval_per_subject_and_entity", nulls_distinct=False
            ),
        ),
        migrations.AddConstraint(
            model_name="requiredapproval",
            constraint=models.CheckConstraint(
                condition=models.Q(("subject__in", ["journal", "line"])), name="approval_subject_is_known"
            ),
        ),
        migrations.RunSQL(FORWARD, BACKWARD),
    ]
