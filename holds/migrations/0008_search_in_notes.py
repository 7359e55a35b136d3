"""Searching for part of a note finds its holds by index, where the database lets us have pg_trgm."""

from django.db import migrations

from customers.trigrams import create_text_indexes, drop_text_indexes
from holds.lists.searching import TEXT_INDEXES


def create(apps, schema_editor):
    create_text_indexes(schema_editor.connection, TEXT_INDEXES)


def drop(apps, schema_editor):
    drop_text_indexes(schema_editor.connection, TEXT_INDEXES)


class Migration(migrations.Migration):
    dependencies = [("customers", "0009_search_in_texts"), ("holds", "0007_the_list_at_any_size")]

    operations = [migrations.RunPython(create, drop)]
