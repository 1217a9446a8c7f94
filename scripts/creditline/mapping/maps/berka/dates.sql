-- Grain: one row a business date; every calendar day is a night, also one without a transaction.

select cast(unnest(generate_series(getvariable('first_date'), getvariable('last_date'), interval 1 day)) as date)
    as business_date
