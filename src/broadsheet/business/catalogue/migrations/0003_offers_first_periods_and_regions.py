"""What an offer, a first period and a trial are; and what each country is asked in."""

import django.db.models.deletion
from django.db import migrations, models


class Migration(migrations.Migration):

    dependencies = [
        ('catalogue', '0002_versions_are_never_edited'),
    ]

    operations = [
        migrations.CreateModel(
            name='Offer',
            fields=[
                ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                ('code', models.CharField(max_length=30, unique=True)),
                ('name', models.CharField(max_length=120)),
                ('percent', models.PositiveSmallIntegerField(null=True)),
                ('amount_minor', models.BigIntegerField(null=True)),
                ('currency', models.CharField(blank=True, max_length=3)),
                ('periods', models.PositiveSmallIntegerField(null=True)),
                ('most', models.PositiveIntegerField(null=True)),
                ('taken', models.PositiveIntegerField(default=0)),
                ('starts_at', models.DateTimeField()),
                ('ends_at', models.DateTimeField(null=True)),
                ('made_at', models.DateTimeField()),
                ('made_by', models.CharField(blank=True, max_length=254)),
            ],
        ),
        migrations.CreateModel(
            name='Redemption',
            fields=[
                ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                ('reader', models.UUIDField()),
                ('subscription_ref', models.UUIDField(db_index=True)),
                ('taken_at', models.DateTimeField()),
                ('given_back_at', models.DateTimeField(null=True)),
            ],
        ),
        migrations.CreateModel(
            name='Region',
            fields=[
                ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                ('country', models.CharField(max_length=2, unique=True, verbose_name='country')),
                ('currency', models.CharField(max_length=3, verbose_name='currency')),
            ],
            options={
                'verbose_name': 'region',
                'verbose_name_plural': 'regions',
            },
        ),
        migrations.RemoveConstraint(
            model_name='planversion',
            name='a_price_is_positive',
        ),
        migrations.AddField(
            model_name='planversion',
            name='intro_minor',
            field=models.BigIntegerField(blank=True, null=True),
        ),
        migrations.AddField(
            model_name='planversion',
            name='intro_periods',
            field=models.PositiveSmallIntegerField(default=0),
        ),
        migrations.AddField(
            model_name='planversion',
            name='trial_days',
            field=models.PositiveSmallIntegerField(default=0),
        ),
        migrations.AddConstraint(
            model_name='planversion',
            constraint=models.CheckConstraint(condition=models.Q(('price_minor__gte', 0)), name='a_price_is_not_negative'),
        ),
        migrations.AddConstraint(
            model_name='planversion',
            constraint=models.CheckConstraint(condition=models.Q(models.Q(('intro_minor', None), ('intro_periods', 0)), models.Q(('intro_minor__gte', 0), ('intro_minor__lt', models.F('price_minor')), ('intro_periods__gt', 0)), _connector='OR'), name='an_intro_price_is_lower_and_ends'),
        ),
        migrations.AddField(
            model_name='offer',
            name='plans',
            field=models.ManyToManyField(related_name='+', to='catalogue.plan'),
        ),
        migrations.AddField(
            model_name='redemption',
            name='offer',
            field=models.ForeignKey(on_delete=django.db.models.deletion.PROTECT, related_name='redemptions', to='catalogue.offer'),
        ),
        migrations.AddConstraint(
            model_name='offer',
            constraint=models.CheckConstraint(condition=models.Q(models.Q(('amount_minor', None), ('currency', ''), ('percent__range', (1, 100))), models.Q(('amount_minor__gt', 0), ('percent', None), models.Q(('currency', ''), _negated=True)), _connector='OR'), name='an_offer_is_a_share_or_an_amount'),
        ),
        migrations.AddConstraint(
            model_name='offer',
            constraint=models.CheckConstraint(condition=models.Q(('periods', None), ('periods__gt', 0), _connector='OR'), name='an_offer_lasts_a_period_or_more'),
        ),
        migrations.AddConstraint(
            model_name='offer',
            constraint=models.CheckConstraint(condition=models.Q(('most', None), ('taken__lte', models.F('most')), _connector='OR'), name='an_offer_is_not_overdrawn'),
        ),
        migrations.AddConstraint(
            model_name='redemption',
            constraint=models.UniqueConstraint(condition=models.Q(('given_back_at', None)), fields=('offer', 'reader'), name='a_reader_takes_an_offer_once'),
        ),
    ]
