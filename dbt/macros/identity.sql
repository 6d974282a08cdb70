{#- What the identity sample needs in several models. -#}


{#- A raw column as text. Of CSV every column is text, of Parquet each has a type; either way the
    text is cast to the type that the column should have, and a text that has none fails. -#}
{% macro as_text(column) %}{{ return("cast(" ~ column ~ " as varchar)") }}{% endmacro %}


{#- The load that a row came with, as a text that orders loads by time: the name of its folder below
    `incremental/`, in UTC, or zeros for the initial load. -#}
{% macro load_of_row() -%}
    coalesce(
        {{ first_match(raw_file_of_row(), '/incremental/[a-z_]+/([0-9]{8}_[0-9]{6})/') }},
        '00000000_000000'
    )
{%- endmacro %}


{#- Every row of `rows`, with the reason why it is not the newest of its key; null for the one that
    is.

    `no_key`: a part of the key is null. `repeated`: the kept row, once more. `older`: a later load
    has other values. `contradiction`: the same load has other values, so that none is the newest.
    Which row a key keeps never depends on the order in which files are read. -#}
{% macro newest(rows, key, columns) -%}
with ranked as (
    select
        *,
        row_number() over (
            partition by {{ key | join(', ') }}
            order by load desc, {{ columns | join(', ') }}
        ) as place
    from {{ rows }}
),

kept as (
    select * from ranked where place = 1
)

select
    ranked.load,
    {%- for column in key + columns %}
    ranked.{{ column }},
    {%- endfor %}
    case
        when {% for part in key %}ranked.{{ part }} is null{{ ' or ' if not loop.last }}{% endfor %} then 'no_key'
        when ranked.place = 1 then null
        when
            {%- for column in columns %}
            {{ 'and ' if not loop.first }}ranked.{{ column }} is not distinct from kept.{{ column }}
            {%- endfor %}
            then 'repeated'
        when ranked.load = kept.load then 'contradiction'
        else 'older'
    end as reason
from ranked
left join kept
    on
    ranked.place > 1
    {%- for part in key %}
    and ranked.{{ part }} = kept.{{ part }}
    {%- endfor %}
{%- endmacro %}


{#- A raw column as a text; null for blanks. -#}
{% macro text_of(column) -%}
    nullif(trim(both ' ' from {{ as_text(column) }}), '')
{%- endmacro %}
