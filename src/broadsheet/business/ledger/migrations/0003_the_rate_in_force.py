"""India's rate on online information services (18 %), in force since GST began."""

from datetime import date

from django.db import migrations


def file_the_rate(apps, schema_editor):
    apps.get_model("ledger", "TaxRate").objects.get_or_create(
        tax_code="998431", effective_from=date(2017, 7, 1), defaults={"rate": 1800}
    )


class Migration(migrations.Migration):
    dependencies = [("ledger", "0002_the_books_are_append_only")]
    operations = [migrations.RunPython(file_the_rate, migrations.RunPython.noop)]
