"""Searching for part of a name or a number finds its rows by index (ux 3.0), where the database lets us have pg_trgm."""

from django.db import migrations

from customers.trigrams import TEXT_INDEXES, create_text_indexes, drop_text_indexes


def create(apps, schema_editor):
    create_text_indexes(schema_editor.connection, TEXT_INDEXES)


def drop(apps, schema_editor):
    drop_text_indexes(schema_editor.connection, TEXT_INDEXES)


class Migration(migrations.Migration):
    dependencies = [("customers", "0008_marks_and_following_jobs")]

    operations = [migrations.RunPython(create, drop)]
