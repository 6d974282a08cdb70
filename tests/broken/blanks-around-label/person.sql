select * from (values
  (1, ['Adult']),
  (2, ['Child', ' Pupil']),
  (3, ['Child' || chr(9)])
) as t(id, kinds)
