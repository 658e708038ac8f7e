"""Other plans, offers, first periods; and that a reader was told of a price."""

import django.core.validators
import django.db.models.deletion
from django.db import migrations, models


class Migration(migrations.Migration):

    dependencies = [
        ('catalogue', '0004_offers_are_never_edited'),
        ('subscriptions', '0004_what_a_contract_is_to_become'),
    ]

    operations = [
        migrations.RemoveField(
            model_name='scheduledchange',
            name='quoted_minor',
        ),
        migrations.AddField(
            model_name='renewalpolicy',
            name='notice_days_least',
            field=models.PositiveSmallIntegerField(default=7, validators=[django.core.validators.MaxValueValidator(60)], verbose_name='told of a new price at least (days before)'),
        ),
        migrations.AddField(
            model_name='renewalpolicy',
            name='notice_days_most',
            field=models.PositiveSmallIntegerField(default=30, validators=[django.core.validators.MaxValueValidator(90)], verbose_name='told of a new price at most (days before)'),
        ),
        migrations.AddField(
            model_name='renewalpolicy',
            name='step_notice_days',
            field=models.PositiveSmallIntegerField(default=21, validators=[django.core.validators.MaxValueValidator(60)], verbose_name='told of the end of a lower price (days before)'),
        ),
        migrations.AddField(
            model_name='renewaltry',
            name='plan_version',
            field=models.ForeignKey(null=True, on_delete=django.db.models.deletion.PROTECT, related_name='+', to='catalogue.planversion'),
        ),
        migrations.RunSQL(
            """UPDATE subscriptions_renewaltry t SET plan_version_id = s.plan_version_id
                 FROM subscriptions_subscription s WHERE s.id = t.subscription_id""",
            migrations.RunSQL.noop,
        ),
        migrations.AlterField(
            model_name='renewaltry',
            name='plan_version',
            field=models.ForeignKey(on_delete=django.db.models.deletion.PROTECT, related_name='+', to='catalogue.planversion'),
        ),
        migrations.AddField(
            model_name='scheduledchange',
            name='before',
            field=models.JSONField(default=dict),
        ),
        migrations.AddField(
            model_name='scheduledchange',
            name='credit_minor',
            field=models.BigIntegerField(default=0),
        ),
        migrations.AddField(
            model_name='scheduledchange',
            name='debit_minor',
            field=models.BigIntegerField(default=0),
        ),
        migrations.AddField(
            model_name='scheduledchange',
            name='request_key',
            field=models.CharField(blank=True, db_index=True, max_length=64),
        ),
        migrations.AddField(
            model_name='subscription',
            name='offer',
            field=models.ForeignKey(null=True, on_delete=django.db.models.deletion.PROTECT, related_name='+', to='catalogue.offer'),
        ),
        migrations.AddField(
            model_name='subscription',
            name='offer_until_k',
            field=models.PositiveIntegerField(null=True),
        ),
        migrations.AddField(
            model_name='subscription',
            name='opening_k',
            field=models.PositiveIntegerField(default=0, null=True),
        ),
        migrations.AlterField(
            model_name='checkout',
            name='invoice_id',
            field=models.UUIDField(null=True, unique=True),
        ),
        migrations.CreateModel(
            name='PriceNotice',
            fields=[
                ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                ('period_index', models.PositiveIntegerField()),
                ('why', models.CharField(max_length=5)),
                ('before_minor', models.BigIntegerField()),
                ('after_minor', models.BigIntegerField()),
                ('currency', models.CharField(max_length=3)),
                ('due_at', models.DateTimeField()),
                ('sent_at', models.DateTimeField()),
                ('plan_version', models.ForeignKey(on_delete=django.db.models.deletion.PROTECT, related_name='+', to='catalogue.planversion')),
                ('subscription', models.ForeignKey(on_delete=django.db.models.deletion.PROTECT, related_name='notices', to='subscriptions.subscription')),
            ],
            options={
                'constraints': [models.UniqueConstraint(fields=('subscription', 'period_index', 'plan_version', 'after_minor'), name='told_once'), models.CheckConstraint(condition=models.Q(('why__in', ['price', 'step', 'trial'])), name='why_it_is_told')],
            },
        ),
    ]
