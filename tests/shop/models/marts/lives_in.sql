{{ config(materialized='view', schema='edges') }}
select customer_id, town_code from {{ ref('stg_customers') }} order by 1
