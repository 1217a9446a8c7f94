{# A bit ring: yes or no for each of the last days in two BIGINTs of `half` bits (at most 60), `<name>_low` (today is
   bit 0) and `<name>_high` (`half` days ago is bit 0). Days move up as nights pass and fall off the end. #}
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
{% macro ring_bit_low(days_ago, half=45) -%}
    case
        when {{ days_ago }} < {{ half }} then {{ shift_left('1', 'least(' ~ days_ago ~ ', ' ~ (half - 1) ~ ')') }}
        else 0
    end
{%- endmacro %}

{% macro ring_bit_high(days_ago, half=45) -%}
    case
        when {{ days_ago }} between {{ half }} and {{ 2 * half - 1 }}
            then {{ shift_left('1', _days_into_high(days_ago, half)) }}
        else 0
    end
{%- endmacro %}

{# The halves of a ring so many days later. A half is masked before it is shifted, so that no bit leaves the BIGINT. #}
{% macro ring_low_later(low, days, half=45) -%}
    case
        when {{ days }} < {{ half }} then {{ _masked_shift(low, 'least(' ~ days ~ ', ' ~ (half - 1) ~ ')', half) }}
        else 0
    end
{%- endmacro %}

{% macro ring_high_later(low, high, days, half=45) -%}
    case
        when {{ days }} < {{ half }}
            then
                {{ _masked_shift(high, 'least(' ~ days ~ ', ' ~ (half - 1) ~ ')', half) }}
                | {{ shift_right(low, half ~ ' - least(' ~ days ~ ', ' ~ (half - 1) ~ ')') }}
        when {{ days }} < {{ 2 * half }} then {{ _masked_shift(low, _days_into_high(days, half), half) }}
        else 0
    end
{%- endmacro %}

{% macro _days_into_high(days, half) -%}
    least(greatest({{ days }} - {{ half }}, 0), {{ half - 1 }})
{%- endmacro %}

{% macro _masked_shift(bits, days, half) -%}
    {{ shift_left('(' ~ bits ~ ' & (' ~ shift_left('1', half ~ ' - ' ~ days) ~ ' - 1))', days) }}
{%- endmacro %}

{# Whether a day so many days ago is a yes: 1 or 0. #}
{% macro ring_has(low, high, days_ago, half=45) -%}
    case
        when {{ days_ago }} < {{ half }} then {{ shift_right(low, 'least(' ~ days_ago ~ ', ' ~ (half - 1) ~ ')') }} & 1
        when {{ days_ago }} < {{ 2 * half }} then {{ shift_right(high, _days_into_high(days_ago, half)) }} & 1
        else 0
    end
{%- endmacro %}

{# How many days of a ring are yes. #}
{% macro ring_count(low, high) -%}
    cast(bit_count({{ low }}) + bit_count({{ high }}) as bigint)
{%- endmacro %}

{# How many of the newest days are yes; they all lie in the lower half. #}
{% macro ring_count_newest(low, days) -%}
    cast(bit_count({{ low }} & ({{ shift_left('1', days) }} - 1)) as bigint)
{%- endmacro %}
