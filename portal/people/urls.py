from django.urls import path

from portal.people import asking, leaving, views

app_name = "people"
urlpatterns = [
    path("", views.people, name="list"),
    path("invite/", asking.choose, name="invite_where"),
    path("invite/<str:guid>/", asking.invite, name="invite"),
    path("invitations/", views.invitations, name="invitations"),
    path("invitations/<int:pk>/again/", asking.again, name="invite_again"),
    path("invitations/<int:pk>/withdraw/", asking.withdraw, name="withdraw"),
    path("<int:pk>/", views.person, name="detail"),
    path("<int:pk>/give/", asking.choose, name="give_where"),
    path("<int:pk>/give/<str:guid>/", asking.give, name="give"),
    path("<int:pk>/roles/<int:role>/end/", leaving.end_role, name="end_role"),
    path("<int:pk>/leave/", leaving.leave, name="leave"),
    path("<int:pk>/factor/", leaving.reset_factor, name="reset_factor"),
]
