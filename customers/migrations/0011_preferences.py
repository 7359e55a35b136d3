"""How a person wants pages to look and to be used."""

import django.db.models.deletion
from django.conf import settings
from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [
        ("auth", "0012_alter_user_first_name_max_length"),
        ("customers", "0010_customers_by_name"),
    ]

    operations = [
        migrations.CreateModel(
            name="Preferences",
            fields=[
                (
                    "user",
                    models.OneToOneField(
                        on_delete=django.db.models.deletion.CASCADE,
                        primary_key=True,
                        related_name="preferences",
                        serialize=False,
                        to=settings.AUTH_USER_MODEL,
                    ),
                ),
                (
                    "theme",
                    models.CharField(
                        choices=[("system", "As the system"), ("light", "Light"), ("dark", "Dark")],
                        default="system",
                        max_length=10,
                    ),
                ),
                (
                    "density",
                    models.CharField(
                        choices=[("compact", "Compact"), ("comfortable", "Comfortable"), ("touch", "Touch")],
                        default="compact",
                        max_length=12,
                    ),
                ),
                (
                    "shortcuts",
                    models.CharField(
                        choices=[("on", "Single letters"), ("alt", "With Alt"), ("off", "Off")],
                        default="on",
                        max_length=4,
                    ),
                ),
                (
                    "home_view",
                    models.CharField(blank=True, help_text="the view of the hold list that is home", max_length=60),
                ),
                ("page_size", models.PositiveSmallIntegerField(default=50)),
                (
                    "time_zone",
                    models.CharField(
                        blank=True, help_text="of times; days stay those of the legal entity", max_length=64
                    ),
                ),
            ],
            options={
                "constraints": [
                    models.CheckConstraint(
                        condition=models.Q(("theme__in", ["system", "light", "dark"])), name="theme_is_known"
                    ),
                    models.CheckConstraint(
                        condition=models.Q(("density__in", ["compact", "comfortable", "touch"])),
                        name="density_is_known",
                    ),
                    models.CheckConstraint(
                        condition=models.Q(("shortcuts__in", ["on", "alt", "off"])), name="shortcuts_are_known"
                    ),
                    models.CheckConstraint(
                        condition=models.Q(("page_size__in", (25, 50, 100, 200))), name="page_size_is_offered"
                    ),
                ],
            },
        ),
    ]
