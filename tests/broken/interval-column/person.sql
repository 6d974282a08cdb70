select * from (values
  (1, interval '1 day')
) as t(id, trial)
