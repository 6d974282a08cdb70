{{ config(materialized='ephemeral') }}
select 1 as tally_id
