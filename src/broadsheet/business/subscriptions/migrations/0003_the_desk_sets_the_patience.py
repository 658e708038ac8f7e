"""The policy becomes a setting of the desk; its ladder is typed as words."""

from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [("subscriptions", "0002_history_is_append_only")]
    operations = [
        migrations.RemoveConstraint("renewalpolicy", "there_is_one_renewal_policy"),
        migrations.RemoveField("renewalpolicy", "retry_after_days"),
        migrations.AddField(
            "renewalpolicy",
            "retry_after_days",
            models.CharField(
                blank=True,
                default="1 2 3",
                help_text="Whole days, separated by spaces. Empty: a failure is not retried.",
                max_length=60,
                verbose_name="days between tries",
            ),
        ),
        migrations.AddConstraint(
            "renewalpolicy",
            models.CheckConstraint(
                condition=models.Q(
                    ("retry_after_days__regex", "^([0-9]{1,2}( [0-9]{1,2})*)?$")
                ),
                name="a_ladder_is_of_days",
            ),
        ),
    ]
