"""Pauses, other plans, leaving at once; and when each contract is due next."""

import django.core.validators
import django.db.models.deletion
from django.conf import settings
from django.db import migrations, models


# What the new columns say about the contracts that there are.
FILL = """
UPDATE subscriptions_subscription s SET cancel_at = c.effective_at
  FROM subscriptions_cancellation c
 WHERE c.subscription_id = s.id AND c.undone_at IS NULL
   AND s.status NOT IN ('cancelled', 'expired', 'incomplete_expired');
UPDATE subscriptions_subscription SET due_at =
       CASE status WHEN 'past_due' THEN retry_at ELSE paid_through END
 WHERE status IN ('active', 'trialing', 'past_due') AND cancel_at IS NULL;
UPDATE subscriptions_subscription s
   SET worth_minor = v.price_minor, worth_days = s.period_end - s.period_start
  FROM catalogue_planversion v
 WHERE v.id = s.plan_version_id AND s.started_at IS NOT NULL;
"""


class Migration(migrations.Migration):

    dependencies = [
        ('catalogue', '0002_versions_are_never_edited'),
        ('subscriptions', '0003_the_desk_sets_the_patience'),
        migrations.swappable_dependency(settings.AUTH_USER_MODEL),
    ]

    operations = [
        migrations.CreateModel(
            name='ScheduledChange',
            fields=[
                ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                ('kind', models.CharField(max_length=5)),
                ('effective_at', models.DateTimeField()),
                ('resumes_on', models.DateField(null=True)),
                ('invoice_id', models.UUIDField(null=True, unique=True)),
                ('based_on_k', models.PositiveIntegerField()),
                ('quoted_minor', models.BigIntegerField(null=True)),
                ('by', models.CharField(max_length=60)),
                ('asked_at', models.DateTimeField()),
                ('closed_at', models.DateTimeField(null=True)),
                ('outcome', models.CharField(blank=True, max_length=64)),
            ],
        ),
        migrations.RemoveIndex(
            model_name='subscription',
            name='subscriptions_by_due',
        ),
        migrations.AddField(
            model_name='heldcredit',
            name='key',
            field=models.CharField(default='', max_length=80),
            preserve_default=False,
        ),
        migrations.RunSQL(
            "UPDATE subscriptions_heldcredit SET key = 'credit-' || attempt_id",
            migrations.RunSQL.noop,
        ),
        migrations.AlterField(
            model_name='heldcredit',
            name='key',
            field=models.CharField(max_length=80, unique=True),
        ),
        migrations.AddField(
            model_name='heldcredit',
            name='reason',
            field=models.CharField(blank=True, max_length=64),
        ),
        migrations.AddField(
            model_name='renewalpolicy',
            name='longest_pause_days',
            field=models.PositiveSmallIntegerField(default=90, validators=[django.core.validators.MaxValueValidator(366)], verbose_name='longest pause (days)'),
        ),
        migrations.AddField(
            model_name='renewalpolicy',
            name='renewals_on',
            field=models.BooleanField(default=True, help_text='Off: nobody is charged for a renewal until it is on again.', verbose_name='renew'),
        ),
        migrations.AddField(
            model_name='subscription',
            name='anchor_k',
            field=models.PositiveIntegerField(default=0),
        ),
        migrations.AddField(
            model_name='subscription',
            name='cancel_at',
            field=models.DateTimeField(null=True),
        ),
        migrations.AddField(
            model_name='subscription',
            name='due_at',
            field=models.DateTimeField(null=True),
        ),
        migrations.AddField(
            model_name='subscription',
            name='paused_on',
            field=models.DateField(null=True),
        ),
        migrations.AddField(
            model_name='subscription',
            name='previous',
            field=models.ForeignKey(null=True, on_delete=django.db.models.deletion.PROTECT, related_name='+', to='subscriptions.subscription'),
        ),
        migrations.AddField(
            model_name='subscription',
            name='renews',
            field=models.BooleanField(default=True),
        ),
        migrations.AddField(
            model_name='subscription',
            name='resumes_on',
            field=models.DateField(null=True),
        ),
        migrations.AddField(
            model_name='subscription',
            name='worth_days',
            field=models.PositiveIntegerField(default=0),
        ),
        migrations.AddField(
            model_name='subscription',
            name='worth_minor',
            field=models.BigIntegerField(default=0),
        ),
        migrations.AlterField(
            model_name='heldcredit',
            name='attempt_id',
            field=models.UUIDField(),
        ),
        migrations.AlterField(
            model_name='heldcredit',
            name='returned_at',
            field=models.DateTimeField(null=True),
        ),
        migrations.RunSQL(FILL, migrations.RunSQL.noop),
        migrations.AddIndex(
            model_name='heldcredit',
            index=models.Index(condition=models.Q(('returned_at', None)), fields=['held_at', 'id'], name='credits_by_age'),
        ),
        migrations.AddIndex(
            model_name='subscription',
            index=models.Index(condition=models.Q(('due_at__isnull', False)), fields=['due_at', 'id'], name='subscriptions_by_due'),
        ),
        migrations.AddIndex(
            model_name='subscription',
            index=models.Index(condition=models.Q(('status', 'paused')), fields=['resumes_on', 'id'], name='pauses_by_end'),
        ),
        migrations.AddIndex(
            model_name='subscription',
            index=models.Index(condition=models.Q(('status', 'past_due')), fields=['grace_until', 'id'], name='graces_by_end'),
        ),
        migrations.AddConstraint(
            model_name='heldcredit',
            constraint=models.CheckConstraint(condition=models.Q(('minor__gt', 0)), name='a_credit_is_something'),
        ),
        migrations.AddConstraint(
            model_name='subscription',
            constraint=models.CheckConstraint(condition=models.Q(('due_at', None), models.Q(('cancel_at', None), ('paused_on', None), ('renews', True), ('status__in', ['active', 'past_due', 'trialing'])), _connector='OR'), name='only_who_wants_more_is_charged'),
        ),
        migrations.AddConstraint(
            model_name='subscription',
            constraint=models.CheckConstraint(condition=models.Q(models.Q(('paused_on', None), ('resumes_on', None)), ('resumes_on__gt', models.F('paused_on')), _connector='OR'), name='a_pause_ends_after_it_starts'),
        ),
        migrations.AddField(
            model_name='scheduledchange',
            name='plan_version',
            field=models.ForeignKey(null=True, on_delete=django.db.models.deletion.PROTECT, related_name='+', to='catalogue.planversion'),
        ),
        migrations.AddField(
            model_name='scheduledchange',
            name='subscription',
            field=models.ForeignKey(on_delete=django.db.models.deletion.PROTECT, related_name='changes', to='subscriptions.subscription'),
        ),
        migrations.AddIndex(
            model_name='scheduledchange',
            index=models.Index(condition=models.Q(('closed_at', None)), fields=['effective_at', 'id'], name='changes_by_due'),
        ),
        migrations.AddConstraint(
            model_name='scheduledchange',
            constraint=models.UniqueConstraint(condition=models.Q(('closed_at', None)), fields=('subscription',), name='one_open_change_a_subscription'),
        ),
        migrations.AddConstraint(
            model_name='scheduledchange',
            constraint=models.CheckConstraint(condition=models.Q(models.Q(('kind', 'plan'), ('plan_version__isnull', False), ('resumes_on', None)), models.Q(('kind', 'pause'), ('plan_version', None), ('resumes_on__isnull', False)), _connector='OR'), name='a_change_is_a_plan_or_a_pause'),
        ),
    ]
