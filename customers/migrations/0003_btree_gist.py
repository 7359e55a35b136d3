"""btree_gist: exclusion constraints over a key and a period, such as one temporary limit per day (domain 3.1)."""

from django.contrib.postgres.operations import BtreeGistExtension
from django.db import migrations


class Migration(migrations.Migration):
    dependencies = [("customers", "0002_same_legal_entity")]

    operations = [BtreeGistExtension()]
