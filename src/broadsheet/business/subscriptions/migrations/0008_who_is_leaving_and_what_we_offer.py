"""Who was about to leave, why, and who was offered something."""

import django.core.validators
import django.db.models.deletion
from django.db import migrations, models


class Migration(migrations.Migration):

    dependencies = [
        ('subscriptions', '0007_access_while_a_payment_is_disputed'),
    ]

    operations = [
        migrations.CreateModel(
            name='LeavingPolicy',
            fields=[
                ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                ('save_offer', models.CharField(blank=True, help_text='The code of an offer. Empty: nobody is offered anything.', max_length=30, verbose_name='offer for who finds it too expensive')),
                ('holdout_percent', models.PositiveSmallIntegerField(default=10, help_text="Always the same readers, so that the offer's effect can be measured.", validators=[django.core.validators.MaxValueValidator(100)], verbose_name='readers who are not offered it (percent)')),
                ('refunds_on', models.BooleanField(default=True, help_text='Off: a cancelled subscription runs to the end of its paid time.', verbose_name='leave at once, with the rest of the money')),
            ],
            options={
                'verbose_name': 'leaving policy',
                'verbose_name_plural': 'leaving policy',
            },
        ),
        migrations.CreateModel(
            name='Parting',
            fields=[
                ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                ('period_index', models.PositiveIntegerField()),
                ('reason', models.CharField(blank=True, max_length=500)),
                ('group', models.CharField(default='none', max_length=8)),
                ('offer', models.CharField(blank=True, max_length=30)),
                ('at', models.DateTimeField()),
                ('grouped_at', models.DateTimeField(null=True)),
                ('accepted_at', models.DateTimeField(null=True)),
                ('subscription', models.ForeignKey(on_delete=django.db.models.deletion.PROTECT, related_name='partings', to='subscriptions.subscription')),
            ],
            options={
                'indexes': [models.Index(condition=models.Q(('grouped_at__isnull', False)), fields=['grouped_at'], name='partings_by_group')],
                'constraints': [models.UniqueConstraint(fields=('subscription', 'period_index'), name='one_parting_a_period'), models.CheckConstraint(condition=models.Q(models.Q(('group', 'none'), ('grouped_at', None)), models.Q(('group__in', ['offered', 'held_out']), ('grouped_at__isnull', False)), _connector='OR'), name='a_group_is_drawn_once')],
            },
        ),
    ]
