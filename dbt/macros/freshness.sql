{#- The loaded_at_query of a source whose freshness is its distance from `as_of`, not from now:
    dbt subtracts the answer from the current time, so the answer is moved by the same distance. -#}
{% macro loaded_as_of(column) -%}
    select {{ now_less_age('max(' ~ column ~ ')') }} from {{ this }}
{%- endmacro %}
