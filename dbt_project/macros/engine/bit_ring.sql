{# A bit ring: yes or no for each of the last 90 days in two BIGINTs of 45 bits, `<name>_low` (today is bit 0) and
   `<name>_high` (45 days ago is bit 0). Days move up as nights pass and fall off the end. #}
{% macro shift_left(bits, count) -%}
    {{ return(adapter.dispatch('shift_left', 'creditline')(bits, count)) }}
{%- endmacro %}

{% macro duckdb__shift_left(bits, count) -%}
    (cast({{ bits }} as bigint) << cast({{ count }} as bigint))
{%- endmacro %}

{% macro spark__shift_left(bits, count) -%}
    shiftleft(cast({{ bits }} as bigint), cast({{ count }} as int))
{%- endmacro %}

{% macro shift_right(bits, count) -%}
    {{ return(adapter.dispatch('shift_right', 'creditline')(bits, count)) }}
{%- endmacro %}

{% macro duckdb__shift_right(bits, count) -%}
    (cast({{ bits }} as bigint) >> cast({{ count }} as bigint))
{%- endmacro %}

{% macro spark__shift_right(bits, count) -%}
    shiftright(cast({{ bits }} as bigint), cast({{ count }} as int))
{%- endmacro %}

{# The bit of a day so many days ago, in the lower and in the upper half. #}
{% macro ring_bit_low(days_ago) -%}
    case when {{ days_ago }} < 45 then {{ shift_left('1', 'least(' ~ days_ago ~ ', 44)') }} else 0 end
{%- endmacro %}

{% macro ring_bit_high(days_ago) -%}
    case
        when {{ days_ago }} between 45 and 89
            then {{ shift_left('1', 'least(greatest(' ~ days_ago ~ ' - 45, 0), 44)') }}
        else 0
    end
{%- endmacro %}

{# The halves of a ring so many days later. A half is masked before it is shifted, so that no bit leaves the BIGINT. #}
{% macro ring_low_later(low, days) -%}
    case when {{ days }} < 45 then {{ _masked_shift(low, 'least(' ~ days ~ ', 44)') }} else 0 end
{%- endmacro %}

{% macro ring_high_later(low, high, days) -%}
    case
        when {{ days }} < 45
            then
                {{ _masked_shift(high, 'least(' ~ days ~ ', 44)') }}
                | {{ shift_right(low, '45 - least(' ~ days ~ ', 44)') }}
        when {{ days }} < 90 then {{ _masked_shift(low, 'least(greatest(' ~ days ~ ' - 45, 0), 44)') }}
        else 0
    end
{%- endmacro %}

{% macro _masked_shift(half, days) -%}
    {{ shift_left('(' ~ half ~ ' & (' ~ shift_left('1', '45 - ' ~ days) ~ ' - 1))', days) }}
{%- endmacro %}

{# How many of the 90 days are yes. #}
{% macro ring_count(low, high) -%}
    cast(bit_count({{ low }}) + bit_count({{ high }}) as bigint)
{%- endmacro %}
