{#- What the books sample needs in several models. Only ASCII letters change their case, blanks are
    spaces, and texts are compared byte by byte: everything else differs between engines and
    between the locales of one engine. -#}


{#- A column of a raw CSV file under the name in its header. Redshift ignores the case of names: its
    tables have `book_title` for Book-Title. -#}
{% macro raw_column(name) %}{{ return(adapter.dispatch('raw_column')(name)) }}{% endmacro %}

{% macro default__raw_column(name) %}{{ return('"' ~ name ~ '"') }}{% endmacro %}

{% macro redshift__raw_column(name) %}{{ return(name | lower | replace('-', '_')) }}{% endmacro %}


{#- ASCII letters as capitals, or as small letters. -#}
{% macro ascii_upper(text) -%}
    translate({{ text }}, 'abcdefghijklmnopqrstuvwxyz', 'ABCDEFGHIJKLMNOPQRSTUVWXYZ')
{%- endmacro %}

{% macro ascii_lower(text) -%}
    translate({{ text }}, 'ABCDEFGHIJKLMNOPQRSTUVWXYZ', 'abcdefghijklmnopqrstuvwxyz')
{%- endmacro %}


{#- Without blanks at the ends, one blank for several; null for nothing. -#}
{% macro tidy(text) -%}
    nullif(trim(both ' ' from {{ replace_all(text, '[ ]+', ' ') }}), '')
{%- endmacro %}


{#- The entities of HTML that the titles have, as characters; the ampersand comes last. -#}
{% macro unescaped(text) -%}
    replace(replace(replace(replace({{ text }}, '&quot;', '"'), '&lt;', '<'), '&gt;', '>'), '&amp;', '&')
{%- endmacro %}


{#- What a name is known by: capitals, without periods, one blank between words. -#}
{% macro name_key(text) -%}
    {{ tidy("replace(" ~ ascii_upper(text) ~ ", '.', ' ')") }}
{%- endmacro %}


{#- The sum of a number's digits, each times its weight; a final X counts ten. -#}
{% macro weighted_digits(text, weights) -%}
    (
    {%- for weight in weights %}
    {{- ' + ' if not loop.first }}{{ weight }} * case substring({{ text }}, {{ loop.index }}, 1)
        when 'X' then 10 else cast('0' || substring({{ text }}, {{ loop.index }}, 1) as integer) end
    {%- endfor -%}
    )
{%- endmacro %}


{#- An ISBN of ten characters, or null for a text that is none. `text` is a column.

    Capitals; without what was put around or between the digits. Ten characters stay as they are,
    even if the check digit is wrong, and so do the numbers that a shop gives to other things
    (B…). Leading zeros that a spreadsheet dropped, and thirteen digits, are only accepted if the
    check digit proves them. -#}
{% macro isbn_stripped(text) -%}
    {{ replace_all(replace_all(ascii_upper(text), '<[0-9]*$', ''), '[-. <>"\\\\]', '') }}
{%- endmacro %}

{% macro isbn_of_stripped(text) -%}
    {%- set padded = "lpad(" ~ text ~ ", 10, '0')" -%}
    {%- set body = "substring(" ~ text ~ ", 4, 9)" -%}
    case
        when {{ text }} ~ '^([0-9]{9}[0-9X]|B[0-9A-Z]{9})$' then {{ text }}
        when {{ text }} ~ '^[0-9]{6,8}[0-9X]$' then
            case when {{ weighted_digits(padded, range(10, 0, -1)) }} % 11 = 0 then {{ padded }} end
        when {{ text }} ~ '^978[0-9]{10}$' then
            case when {{ weighted_digits(text, [1, 3, 1, 3, 1, 3, 1, 3, 1, 3, 1, 3, 1]) }} % 10 = 0 then
                {{ body }} || substring(
                    '0123456789X', (11 - {{ weighted_digits(body, range(10, 1, -1)) }} % 11) % 11 + 1, 1
                )
            end
    end
{%- endmacro %}


{#- The n-th part of a location counted from its end, from 1; null if it is empty or unknown. -#}
{% macro part_from_end(parts, text, n) -%}
    case when {{ parts }} >= {{ n }} then {{ place_name("split_part(" ~ text ~ ", ',', cast(" ~ parts ~ " as integer) - " ~ (n - 1) ~ ")") }} end
{%- endmacro %}

{% macro place_name(text) -%}
    nullif(nullif({{ ascii_lower(tidy("replace(" ~ text ~ ", '\"', '')")) }}, 'n/a'), '')
{%- endmacro %}


{#- The key of a place: its kind, then the names from its country down. Names have no commas. -#}
{% macro place_key(country, region, city) -%}
    case
        {%- if city != 'null' %}
        when {{ city }} is not null then
            'city:' || coalesce({{ country }}, '') || ',' || coalesce({{ region }}, '') || ',' || {{ city }}
        {%- endif %}
        {%- if region != 'null' %}
        when {{ region }} is not null then 'region:' || coalesce({{ country }}, '') || ',' || {{ region }}
        {%- endif %}
        when {{ country }} is not null then 'country:' || {{ country }}
    end
{%- endmacro %}


{#- One row for each key, with its most frequent name and the number of books; of names that are
    equally frequent, the first by its bytes. -#}
{% macro usual_spellings(books, key, name) -%}
with spelled as (
    select
        {{ key }},
        {{ name }} as name,
        count(*) as books
    from {{ books }}
    where {{ key }} is not null
    group by {{ key }}, {{ name }}
),

ranked as (
    select
        {{ key }},
        name,
        row_number() over (
            partition by {{ key }} order by books desc, {{ by_bytes('name') }}
        ) as place,
        cast(sum(books) over (partition by {{ key }}) as bigint) as books
    from spelled
)

select
    {{ key }},
    name,
    books
from ranked
where place = 1
{%- endmacro %}
